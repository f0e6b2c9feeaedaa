"""Batches of data that stay in files."""

from __future__ import annotations

from typing import Any

import numpy as np

from .data import as_source
from .disk_rows import BLOCK_BYTES, DiskRows, bytes_per_row, read_block
from .tracing import PREDICT
from .training_arrays import ArrayBatches
from .training_utils import check_target_values


class DiskBatches(ArrayBatches):
    """Batches of data of which some are in files: a thread reads a block while another is computed."""

    def __init__(
        self, model: Any, mode: str, inputs: Any, targets: Any, weights: Any, batch_size: int
    ) -> None:
        from ..utils.worker_pool import WorkerPool

        super().__init__(model, mode, inputs, targets, weights, batch_size)
        self._block = max(1, BLOCK_BYTES // max(1, bytes_per_row(self.sources) * self.batch_size))
        sources = self.sources
        self._reader = WorkerPool(lambda rows: read_block(sources, rows))
        self._ahead = None, None
        self._checks = []
        if mode != PREDICT:
            about = (
                model._feed_loss_fns,
                (tuple(y.shape) for y in model._feed_outputs),
                model._feed_output_names,
            )
            self._checks = [
                (len(inputs) + i, given)
                for i, given in enumerate(zip(*about))
                if isinstance(targets[i], DiskRows)
            ]

    def _sources(self, given):
        return given

    def run(self, first: int, last: int, order: Any = None, deadline: float = 0.0) -> int:
        """Runs a block of the batches `[first, last)`; returns the index of the next one."""
        size = last - first
        last = self._end_of_block(first, size)
        arrays = self._read(first, last, order)
        if last < self.count:
            after = self._end_of_block(last, size)
            self._ahead = self._rows(last, after, order)
            self._ahead = self._ahead, self._reader.submit(self._ahead)
        for i, given in self._checks:
            check_target_values(arrays[i], *given)
        step = self.rest_step if first >= self.whole else self.step
        sources = [as_source(array, dtype) for array, dtype in zip(arrays, step.dtypes)]
        start = first if self.mode != PREDICT else first * self.batch_size
        results = [result[start:] for result in self.results]
        step.program.run_batches(sources, None, 0, last - first, (), results, 0.0)
        return last

    def close(self) -> None:
        """Ends the thread that reads."""
        self._reader.stop()

    def _end_of_block(self, first, size):
        if first >= self.whole:
            return self.count
        return min(first + min(size, self._block), self.whole)

    def _rows(self, first, last, order):
        rows = slice(self.seen(first), self.seen(last))
        return np.arange(rows.start, rows.stop) if order is None else order[rows].copy()

    def _read(self, first, last, order):
        rows = self._rows(first, last, order)
        known, future = self._ahead
        self._ahead = None, None
        if known is None or not np.array_equal(known, rows):
            future = self._reader.submit(rows)
        return future.result()


def array_batches(
    model: Any, mode: str, inputs: Any, targets: Any, weights: Any, batch_size: int
) -> ArrayBatches:
    """Arrays, or data in files, cut into batches."""
    on_disk = any(isinstance(x, DiskRows) for group in (inputs, targets) for x in group)
    kind = DiskBatches if on_disk else ArrayBatches
    return kind(model, mode, inputs, targets, weights, batch_size)
