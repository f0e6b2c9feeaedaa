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
    """Turn errors of low-level readers into `FileFormatError`.

    Errors of Python code that a caller supplied keep their types: ValueError, TypeError and ImportError pass.

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
    pronghorn.saving.errors.FileFormatError: model.h5 is damaged or incomplete: KeyError: 'layers'
    """
    try:
        yield
    except (OSError, ValueError, TypeError, ImportError, NotImplementedError):
        raise
    except RecursionError:
        raise FileFormatError(f"{what} is nested too deeply to be read") from None
    except MemoryError:
        raise FileFormatError(f"{what} needs more memory than there is") from None
    except (LookupError, RuntimeError, ArithmeticError, AttributeError, EOFError, AssertionError) as error:
        raise FileFormatError(f"{what} is damaged or incomplete: {type(error).__name__}: {error}") from error
