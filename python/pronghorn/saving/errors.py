"""What goes wrong with files: damaged ones, and ones that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class FileFormatError(ValueError):
    """A file is damaged, cut short, or of another format than it was taken for.

    Examples
    --------
    >>> issubclass(FileFormatError, ValueError)
    True
    """


class UnsafeFileError(FileFormatError):
    """A file asks for something that no file may do: run code, name other files, take memory without end.

    Examples
    --------
    >>> issubclass(UnsafeFileError, FileFormatError)
    True
    """


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever goes wrong inside the block into `FileFormatError`, which names the file.

    Errors of the system (no such file) and missing packages stay what they are.

    Parameters
    ----------
    what
        The file or the part of it, for the message.

    Examples
    --------
    >>> with reading("model.h5"):
    ...     raise KeyError("layers")
    Traceback (most recent call last):
    ...
    pronghorn.saving.errors.FileFormatError: model.h5 cannot be read: KeyError: 'layers'
    """
    try:
        yield
    except (FileFormatError, ImportError, OSError):
        raise
    except RecursionError:
        raise FileFormatError(f"{what} is nested too deeply to be read") from None
    except MemoryError:
        raise FileFormatError(f"{what} needs more memory than there is") from None
    except ValueError as error:
        raise FileFormatError(f"{what}: {error}") from error
    except Exception as error:
        raise FileFormatError(f"{what} cannot be read: {type(error).__name__}: {error}") from error
