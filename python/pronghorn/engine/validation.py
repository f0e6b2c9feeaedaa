"""What `fit` validates on after an epoch: arrays, the same data in some steps, or a stream of batches."""

from __future__ import annotations

from typing import Any

from ..utils.generic_utils import to_list
from . import training_utils
from .batch_streams import BatchStream, SameData
from .disk_batches import array_batches
from .training_arrays import evaluate_loop, validation_arrays


class Validation:
    """No validation, and the base of the others."""

    description = ""

    def __bool__(self) -> bool:
        return type(self) is not Validation

    def __enter__(self) -> Validation:
        return self

    def __exit__(self, *error: Any) -> None:
        pass

    def arrays(self) -> list:
        """What callbacks find as their `validation_data`."""
        return []

    def skip(self, count: int) -> None:
        """Goes to where `count` validations leave the data."""

    def run(self, batch_size: int, callbacks: Any) -> list:
        """Returns the results, in the order of `metrics_names`; training was on batches of `batch_size`."""
        raise NotImplementedError


class ArrayValidation(Validation):
    """Arrays, cut into batches of the size of those trained on."""

    def __init__(self, model: Any, data: Any) -> None:
        self.model = model
        self.data = data
        self._batches = None
        self.description = f"{len(data[0][0] if data[0] else data[1][0])} samples"

    def arrays(self) -> list:
        """The arrays, with weights of 1 where none were given."""
        return validation_arrays(*self.data)

    def __exit__(self, *error: Any) -> None:
        if self._batches is not None:
            self._batches.close()

    def run(self, batch_size: int, callbacks: Any) -> list:
        """Evaluates on the arrays."""
        if self._batches is None or self._batches.asked_batch_size != batch_size:
            self.__exit__()
            self._batches = array_batches(self.model, "test", *self.data, batch_size)
        return evaluate_loop(self.model, self._batches, callbacks=callbacks)


class StepValidation(Validation):
    """The same data, or the model's own tensors, in some steps."""

    def __init__(self, model: Any, data: Any, steps: int) -> None:
        self.model = model
        self.stream = SameData(data, steps)

    def run(self, batch_size: int, callbacks: Any) -> list:
        """Evaluates the steps."""
        return self.model._evaluate_steps(self.stream, 0, callbacks)


class StreamValidation(Validation):
    """Batches of a generator or sequence; each validation goes on where the one before it stopped."""

    def __init__(self, model: Any, stream: BatchStream) -> None:
        self.model = model
        self.stream = stream
        self.description = "a generator" if stream.steps is None else f"{stream.steps} batches"

    def __exit__(self, *error: Any) -> None:
        self.stream.close()

    def skip(self, count: int) -> None:
        """Goes to where `count` validations leave the stream."""
        self.stream.skip(count * (self.stream.steps or 0))

    def run(self, batch_size: int, callbacks: Any) -> list:
        """Evaluates the next batches."""
        results = to_list(self.model._evaluate_on(self.stream, 0, callbacks))
        self.stream.end_epoch()
        return results


def open_validation(
    model: Any, data: Any, steps: int | None, batch_size: int | None, how: dict
) -> Validation:
    """The validation for what `fit` was given as `validation_data`.

    Parameters
    ----------
    model : Model
        The model.
    data
        A tuple of arrays, a generator, a sequence or an iterable of batches; None for no validation.
    steps : int, optional
        Number of batches to take of these.
    batch_size : int, optional
        Rows per batch, where it is known.
    how : dict
        How generators are run: workers, max_queue_size, use_multiprocessing.
    """
    if data is None or (isinstance(data, (tuple, list)) and not data):
        return Validation()
    if training_utils.is_generator_or_sequence(data):
        return StreamValidation(model, BatchStream(data, steps, "validation_steps", **how))
    return ArrayValidation(model, model._validation_arrays(data, batch_size))
