"""`Sequence`: data as batches that are made when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Sequence:
    """Batches by index: what to derive from where data do not fit into memory or are made on the fly.

    A class of its own has `__getitem__`, which returns a whole batch, `(x, y)` or `(x, y, sample_weights)`,
    and `__len__`, the number of batches; `on_epoch_end` may change the data between epochs. As batches are
    asked for by index, several workers can make them, and each is used once in an epoch.

    Examples
    --------
    >>> import numpy as np
    >>> class Squares(Sequence):
    ...     def __len__(self):
    ...         return 3
    ...
    ...     def __getitem__(self, index):
    ...         x = np.arange(2.0) + 2 * index
    ...         return x, x**2
    >>> [y.tolist() for x, y in Squares()]
    [[0.0, 1.0], [4.0, 9.0], [16.0, 25.0]]
    """

    use_sequence_api = True

    def __getitem__(self, index: int) -> Any:
        """Returns the batch at `index`."""
        raise NotImplementedError(f"{type(self).__name__} needs a `__getitem__(index)` that returns a batch")

    def __len__(self) -> int:
        """Returns the number of batches."""
        raise NotImplementedError(f"{type(self).__name__} needs a `__len__()`, the number of its batches")

    def on_epoch_end(self) -> None:
        """Called when all batches of an epoch have been used."""

    def __iter__(self) -> Iterator[Any]:
        """Yields the batches once."""
        for index in range(len(self)):
            yield self[index]
