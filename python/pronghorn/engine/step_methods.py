"""The compiled steps that a model keeps: one per mode and shape of a batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .. import config, ops, optimizers
from ..utils.warn import warn
from .garbage import collector
from .tracing import TRAIN, Step, fixed_phase, symbolic_updates, trace_step

_MOST_STEPS = 64  # programs kept per model, for as many signatures of batches


class StepMethods:
    """The part of `Model` that compiles steps and keeps them."""

    _random_counter = None
    _op_seed = None  # what the seeds of random operations without one follow from

    @property
    def _random_step(self):
        """Counts the runs of all programs that draw random numbers, so that no two draw the same."""
        if self._random_counter is None:
            self.__dict__["_random_counter"] = ops.Variable(
                0, dtype="int64", name="random_step", trainable=False
            )
        return self._random_counter

    def _op_seeds(self) -> Iterator[int]:
        """Seeds of random operations without one: the same in all steps, whenever these are compiled."""
        if self._op_seed is None:
            self.__dict__["_op_seed"] = int(np.random.randint(10**7))
        rng = np.random.RandomState(self._op_seed)
        while True:
            yield int(rng.randint(10**7))

    def _forget_steps(self) -> None:
        self.__dict__.update(_steps={}, _steps_of=self.outputs, _quick={}, _symbolic_updates=None)
        self.__dict__["_trained"] = False

    def _drop_steps(self) -> None:
        """Lets all steps be compiled anew; weights and the optimizer's state stay."""
        self._known_steps().clear()
        self._quick.clear()

    def _known_steps(self) -> dict:
        # A Sequential that was given another layer has other outputs.
        if "_steps" not in self.__dict__ or self._steps_of is not self.outputs:
            self._forget_steps()
        return self._steps

    def _step_for(self, mode: str, input_shapes, target_shapes=(), weight_shapes=()) -> Step:
        """The compiled step for the shapes of a batch."""
        phase = fixed_phase()
        variant = self.optimizer.variant() if mode == TRAIN else None
        key = mode, tuple(input_shapes), tuple(target_shapes), tuple(weight_shapes), phase, variant
        steps = self._known_steps()
        step = steps.get(key)
        if step is None:
            if mode == TRAIN:
                self._begin_training()
            if len(steps) >= _MOST_STEPS:
                self._drop_steps()
            step = steps[key] = trace_step(self, mode, input_shapes, target_shapes, weight_shapes, phase)
            collector.after_compiling()
        return step

    def _begin_training(self) -> None:
        self._check_trainable_weights_consistency()
        if not self._trained:
            self.__dict__["_trained"] = True
            if hasattr(self.optimizer, "forget_state"):
                self.optimizer.forget_state()

    def _make_train_function(self) -> None:
        """Makes the optimizer's state, so that it can be set before the first training step."""
        self._assert_compiled()
        if not self._trained:
            self._begin_training()
            self.optimizer.make_state(self._collected_trainable_weights)
            if not optimizers.is_built_in(self.optimizer) and self._collected_trainable_weights:
                symbolic_updates(self, self._loss_dtype())

    def _loss_dtype(self) -> str:
        """The type that the total loss will have."""
        outputs = zip(self.outputs, self.loss_functions)
        return next((tensor.dtype for tensor, loss in outputs if loss is not None), config.floatx())

    def _make_test_function(self) -> None:
        """Nothing to do: steps are compiled with the first batch. Keras 2 scripts call it before threads."""
        self._assert_compiled()

    def _make_predict_function(self) -> None:
        """Nothing; see `_make_test_function`."""

    def _assert_compiled(self) -> None:
        if not self.optimizer:
            raise RuntimeError(
                f'You must compile a model before training/testing, but model "{self.name}" was not. '
                "Use `model.compile(optimizer, loss)`."
            )

    def _check_trainable_weights_consistency(self) -> None:
        if len(self.trainable_weights) != len(self._collected_trainable_weights):
            warn(
                "Discrepancy between trainable weights and collected trainable weights, "
                "did you set `model.trainable` without calling `model.compile` after ?"
            )
