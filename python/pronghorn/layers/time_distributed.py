"""TimeDistributed: one layer at each time step."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..backend.recurrence import rnn
from ..engine.base_layer import InputSpec, Layer
from ..engine.symbolic_call import call_masks
from ..engine.tracking import flatten_layers
from ..utils.arguments import has_arg
from ..utils.generic_utils import object_list_uid
from .wrapper import Wrapper


class TimeDistributed(Wrapper):
    """Apply a layer, or a model, to each step of a sequence: to whatever lies behind axis 1.

    Steps and rows are put together into one large batch for the layer; only a layer that keeps a state for
    each row is applied step by step.

    Parameters
    ----------
    layer : Layer
        Takes and gives one tensor.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> TimeDistributed(Dense(8)).compute_output_shape((None, 10, 16))
    (None, 10, 8)
    """

    def __init__(self, layer, **kwargs):
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape=None):
        input_shape = tuple(input_shape)
        if len(input_shape) < 3:
            raise ValueError(
                f"TimeDistributed expects inputs of rank 3 or more: (samples, time, …). Found: {input_shape}"
            )
        self.input_spec = InputSpec(shape=(None, *input_shape[1:]))
        if not self.layer.built:
            self.layer.build((input_shape[0], *input_shape[2:]))
            self.layer.built = True
        self.built = True

    def compute_output_shape(self, input_shape):
        input_shape = tuple(input_shape)
        inner = tuple(self.layer.compute_output_shape((input_shape[0], *input_shape[2:])))
        return (inner[0], input_shape[1], *inner[1:])

    def __call__(self, inputs, *args, **kwargs):
        """Apply the layer; see :meth:`Layer.__call__`."""
        if isinstance(inputs, ops.KerasTensor) and ops.current_trace() is None and len(inputs.shape) > 2:
            self._input_map[object_list_uid(inputs)] = _merge_time(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs, training=None, mask=None):
        options = {"training": training} if has_arg(self.layer.call, "training") else {}
        if any(inner.stateful for inner in flatten_layers(self.layer)):
            return self._by_steps(inputs, mask, options)
        merged = _merge_time(inputs)
        merged._keras_mask = None if mask is None else _merge_time(mask)
        y = self.layer(merged, **options)
        inner_mask = getattr(y, "_keras_mask", None)
        y = _split_time(y, inputs)
        y._keras_mask = self._mask_of_sequence(inner_mask, mask, inputs)
        return y

    def _by_steps(self, inputs: Any, mask: Any, options: dict[str, Any]) -> Any:
        _, y, _ = rnn(lambda x, _: (self.layer(x, **options), []), inputs, [])
        y._keras_mask = mask
        return y

    @staticmethod
    def _mask_of_sequence(inner: Any, mask: Any, inputs: Any) -> Any:
        if inner is not None:
            return _split_time(inner, inputs)
        if mask is not None and len(mask.shape) > 2:
            return ops.any(mask, axis=tuple(range(2, len(mask.shape))))
        return mask

    def _set_masks(self, trace: Any, outputs: Any, inputs: Any, input_masks: Any) -> None:
        pass  # `call` did, with what the layer within gave

    def compute_mask(self, inputs, mask=None):
        if mask is None and not _makes_masks(self.layer):
            return None
        return call_masks(self, [inputs], mask)[0]

    # The layer within regularizes its activity itself, when it is called.

    def _add_activity_losses(self, outputs: Any) -> None:
        pass

    def _losses_per_call(self, outputs: int) -> int:
        return self.layer._losses_per_call(1)

    @property
    def uses_learning_phase(self) -> bool | None:
        """False where training makes no difference, None where the call's arguments decide."""
        inner = getattr(self.layer, "uses_learning_phase", None)
        return None if inner is not False and has_arg(self.layer.call, "training") else False


def _makes_masks(layer: Any) -> bool:
    """Tell whether a layer may give a mask where none came in."""
    if getattr(layer, "_is_graph_network", False):
        return any(mask is not None for mask in layer._own_masks)
    return type(layer).compute_mask is not Layer.compute_mask and getattr(layer, "mask_zero", True)


@ops.operation
def _merge_time(x):
    return ops.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))


@ops.operation
def _split_time(x, inputs):
    return ops.reshape(x, (*inputs.shape[:2], *x.shape[1:]))
