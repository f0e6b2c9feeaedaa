"""What the cells of recurrent layers share: weights with gates side by side, and dropout fixed over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, initializers, ops
from ..backend.recurrence import as_bool, rnn
from ..engine.base_layer import Layer
from .options import options_config, set_options
from .phase import draw_seed, in_training

_WEIGHTS = ("kernel", "recurrent", "bias")
WEIGHT_OPTIONS = tuple(
    f"{weight}_{kind}" for kind in ("initializer", "regularizer", "constraint") for weight in _WEIGHTS
)


class GatedCell(Layer):
    """Base of the cells with ``kernel``, ``recurrent_kernel`` and ``bias``.

    Subclasses say how many gates stand side by side in the weights, and which options they have beside the
    common ones.
    """

    gates: int
    gate_names = ""  # one letter for each
    _biases: tuple[str, ...] = ("bias",)
    activations: tuple[str, ...] = ("activation",)
    extras: tuple[str, ...] = ()
    masks_per_gate = True

    def __init_subclass__(cls) -> None:
        """Give each gate's part of the weights under Keras's names, such as ``kernel_i``."""
        super().__init_subclass__()
        for k, gate in enumerate(cls.__dict__.get("gate_names", "")):
            for weight in ("kernel", "recurrent_kernel", *cls._biases):
                part = property(lambda self, weight=weight, k=k: self._part(getattr(self, weight), k))
                setattr(cls, f"{weight}_{gate}", part)

    def _part(self, weight: Any, k: int) -> Any:
        return None if weight is None else nth_part(weight, k, self.gates)

    def _set_up(self, given: dict[str, Any]) -> None:
        """Take the constructor's arguments, from its `locals()`."""
        super().__init__(**given["kwargs"])
        set_options(self, **{name: given[name] for name in (*self.activations, *WEIGHT_OPTIONS)})
        for name in ("use_bias", *self.extras):
            setattr(self, name, given[name])
        self.dropout = min(1.0, max(0.0, given["dropout"]))
        self.recurrent_dropout = min(1.0, max(0.0, given["recurrent_dropout"]))
        self.reset_dropout()
        # Drawn once, so that one `np.random.seed` fixes a run however often it is traced.
        self._seeds = {
            kind: [draw_seed(None) for _ in range(self.gates)] if 0 < rate < 1 else []
            for kind, rate in (("input", self.dropout), ("recurrent", self.recurrent_dropout))
        }

    def _add_weights(
        self, kernel_shape: tuple, recurrent_shape: tuple, bias_shape: tuple, bias_initializer: Any
    ) -> None:
        self.kernel = self.add_weight(
            name="kernel",
            shape=kernel_shape,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=recurrent_shape,
            initializer=_identity_per_gate(self.recurrent_initializer),
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=bias_shape,
                initializer=bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    # --- dropout: the same elements at all time steps (Gal, Ghahramani, arXiv:1512.05287)

    def reset_dropout(self) -> None:
        """Forget the masks, so that the next step draws new ones."""
        self._dropout_masks = {}

    def drops(self, training: bool | None) -> bool:
        """Tell whether a call drops anything."""
        return bool(self._seeds["input"] or self._seeds["recurrent"]) and in_training(training)

    def dropped(self, x: Any, kind: str, training: bool | None) -> list:
        """Give `x` with dropout: once for all gates, or once per gate.

        Parameters
        ----------
        x : tensor
        kind : {"input", "recurrent"}
        training : bool or None
        """
        seeds = self._seeds[kind]
        if not seeds or not in_training(training):
            return [x]
        trace, shape = ops.current_trace(), self._mask_shape(x)
        known = self._dropout_masks.get(kind)
        if known is None or known[0].trace is not trace or known[0].shape != shape:
            rate = self.dropout if kind == "input" else self.recurrent_dropout
            ones = ops.ones(shape, x.dtype)
            seeds = seeds if self.masks_per_gate else seeds[:1]
            known = self._dropout_masks[kind] = [ops.dropout(ones, rate, seed=seed) for seed in seeds]
        return [x * mask for mask in known]

    def _mask_shape(self, x: Any) -> tuple:
        return x.shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options_config()}

    def options_config(self) -> dict[str, Any]:
        """Give the constructor's arguments, but for those of every layer."""
        return {
            **options_config(self, *self.activations, *WEIGHT_OPTIONS),
            **{name: getattr(self, name) for name in ("use_bias", *self.extras)},
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
        }


class DenseCell(GatedCell):
    """Base of the cells whose gates are matrix products."""

    extras: tuple[str, ...] = ("units",)

    def _set_up(self, given: dict[str, Any]) -> None:
        super()._set_up(given)
        self.state_size = self.output_size = self.units

    @property
    def masks_per_gate(self) -> bool:
        """Whether each gate has dropout of its own; with implementation 2 all have the same."""
        return self.gates > 1 and self.implementation == 1

    def build(self, input_shape):
        wide = self.units * self.gates
        self._add_weights(
            (input_shape[-1], wide), (self.units, wide), self._bias_shape(), self._bias_initializer()
        )
        self.built = True

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.units * self.gates,)

    def _bias_initializer(self) -> Any:
        return self.bias_initializer

    def input_kernel(self) -> Any:
        """Return what the inputs are multiplied by."""
        return self.kernel

    def state_kernel(self) -> Any:
        """Return what the state is multiplied by."""
        return self.recurrent_kernel

    def product(self, variants: list, kernel: Any) -> Any:
        """Multiply by the weights of gates: one input for all, or one for each, as `dropped` gives."""
        if len(variants) == 1:
            return ops.dot(variants[0], kernel)
        parts = self.split(kernel, len(variants))
        return ops.concatenate([ops.dot(x, part) for x, part in zip(variants, parts)], axis=-1)

    # --- one step, and all steps at once

    def project(self, x: Any, training: bool | None) -> Any:
        """Return what the inputs of one step, or of all steps, contribute to the gates."""
        raise NotImplementedError(f"{type(self).__name__} must define project(x, training)")

    def advance(self, projected: Any, states: list, training: bool | None) -> tuple:
        """Return the output of a step and the new states, given what its inputs contribute."""
        raise NotImplementedError(f"{type(self).__name__} must define advance(projected, states, training)")

    def call(self, inputs, states, training=None):
        return self.advance(self.project(inputs, training), states, training)

    def _mask_shape(self, x: Any) -> tuple:
        return (x.shape[0], 1, x.shape[2]) if len(x.shape) == 3 else x.shape  # the same at all steps

    def over_time(
        self, x: Any, states: list, mask: Any, training: bool | None, go_backwards: bool
    ) -> tuple | None:
        """Return the last output, the outputs of all steps and the last states.

        The inputs of all steps are multiplied at once, and one operation does the rest where there is one for
        the cell's options; there is none with dropout of the state. None where a subclass has a step of its
        own.
        """
        if type(self).call is not DenseCell.call:
            return None
        drops = self.drops(training)
        by_operation = not drops or not (self.recurrent_dropout or self.masks_per_gate)
        by_operation = by_operation and _same_class(type(self), "project", "advance", "_fused")
        if by_operation and (mask is None or len(mask.shape) == 2):
            (inputs,) = self.dropped(x, "input", training)
            found = self._fused(inputs, states, None if mask is None else as_bool(mask), go_backwards)
            if found is not None:
                outputs, states = found
                return states[0] if mask is None else outputs[:, -1], outputs, states

        def step(projected, states):
            return self.advance(projected, states, training)

        return rnn(step, self.project(x, training), states, go_backwards, mask)

    def _fused(self, x: Any, states: list, mask: Any, go_backwards: bool) -> tuple | None:
        return None

    def split(self, x: Any, gates: int | None = None) -> list:
        """Cut the last axis into the gates."""
        return split_last(x, self.units, gates or self.gates)


def gate_activation(cell: Any) -> str | None:
    """Return the name of the gates' activation if there is an operation with it and tanh, or None."""
    if cell.activation is activations.tanh:
        for name in ("sigmoid", "hard_sigmoid"):
            if cell.recurrent_activation is getattr(activations, name):
                return name
    return None


def _same_class(cls: type, *methods: str) -> bool:
    """Tell whether one class in the line of inheritance defines the methods that count."""
    return len({next(c for c in cls.__mro__ if name in vars(c)) for name in methods}) == 1


def split_last(x: Any, size: int, count: int) -> list:
    """Cut the last axis into `count` pieces of `size`."""
    return [x[..., k * size : (k + 1) * size] for k in range(count)]


def nth_part(x: Any, k: int, count: int) -> Any:
    """Cut piece number `k` of `count` equal ones out of the last axis."""
    size = x.shape[-1] // count
    return x[..., k * size : (k + 1) * size]


def forget_bias(initializer: Any, units: int, before: int = 1) -> Any:
    """Give an initializer of a bias whose gate number `before`, that of forgetting, starts with ones.

    Forgetting little at first lets gradients pass (Jozefowicz et al., "An Empirical Exploration of Recurrent
    Network Architectures", 2015).
    """

    def initialize(shape, dtype=None):
        after = shape[-1] - (before + 1) * units
        return np.concatenate(
            [
                np.asarray(initializer((before * units,), dtype=dtype)),
                np.ones(units, dtype),
                np.asarray(initializer((after,), dtype=dtype)),
            ]
        )

    return initialize


def _identity_per_gate(initializer: Any) -> Any:
    """Give an initializer that, for the identity, makes one matrix of each gate."""
    if not isinstance(initializer, initializers.Identity):
        return initializer

    def initialize(shape, dtype=None):
        square = initializer((shape[0], shape[0]), dtype=dtype)
        return np.concatenate([square] * (shape[1] // shape[0]), axis=1)

    return initialize
