"""Large numbers in few digits."""

from __future__ import annotations


def short(number: float) -> str:
    """A large number in three or four digits.

    Examples
    --------
    >>> short(24), short(338_688), short(1.2345e10)
    ('24', '338.7 k', '12.35 G')
    """
    for unit, scale in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= scale:
            return f"{number / scale:.4g} {unit}"
    return f"{number:.0f}"


def short_bytes(number: float) -> str:
    """A number of bytes in three or four digits.

    Examples
    --------
    >>> short_bytes(300), short_bytes(5 * 2**20)
    ('300 bytes', '5 MiB')
    """
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number >= scale:
            return f"{number / scale:.4g} {unit}"
    return f"{number:.0f} bytes"
