"""The layer: weights and a function of tensors, which can be called on symbolic, traced or real ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import config, initializers, ops
from ..naming import get_uid, name_scope, scoped, to_snake_case
from ..utils.arguments import keyword_arguments
from ..utils.file_limits import are_weights_from_file, take_memory
from ..utils.generic_utils import is_all_none, to_list, unpack_singleton
from ..utils.keras1_arguments import shape_may_come_first
from .call_context import ensure_context
from .input_spec import InputSpec, check_inputs
from .node import Node, depends_on_input
from .node_access import NodeAccess
from .tracking import Tracked, flatten_layers

__all__ = ["InputSpec", "Layer", "Node"]

_ARGUMENTS = frozenset(
    [
        "name",
        "trainable",
        "dtype",
        "input_dtype",
        "input_shape",
        "batch_input_shape",
        "batch_size",
        "input_dim",
        "input_length",
        "weights",
    ]
)


class Layer(Tracked, NodeAccess):
    """Base of all layers.

    A subclass makes its weights in ``build(input_shape)`` with :meth:`add_weight` and computes in
    ``call(inputs)``; it may take ``training`` and ``mask`` there. ``compute_output_shape`` is needed only
    where the shape can't be found by tracing ``call``.

    Parameters
    ----------
    name
        Name, unique in a model; made of the class name where not given.
    trainable
        Whether training changes the weights.
    dtype
        Type of the weights, and of the input that the layer makes for itself as the first of a
        ``Sequential``.
    input_shape, batch_input_shape, batch_size, input_dim, input_length
        Shape of the input, where the layer is the first of a ``Sequential``.
    weights
        Arrays that the weights start with.

    Examples
    --------
    >>> import numpy as np
    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight("factor", (input_shape[-1],), initializer="ones")
    ...
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> layer = Scale(name="s")
    >>> layer(np.array([[1.0, 2.0]], "float32"))
    array([[1., 2.]], dtype=float32)
    >>> [weight.name for weight in layer.weights]
    ['s/factor:0']
    """

    _weights_are_in_files = True
    _ends_masks = False

    def __init__(self, **kwargs: Any):
        for keyword in kwargs:
            if keyword not in _ARGUMENTS:
                raise TypeError("Keyword argument not understood:", keyword)
        self.input_spec = None
        self.supports_masking = False
        self.stateful = False
        self._trainable_weights = []
        self._non_trainable_weights = []
        self._losses = []
        self._updates = []
        self._per_input_losses = {}
        self._per_input_updates = {}
        self._metrics = []
        self._inbound_nodes = []
        self._outbound_nodes = []
        self._built = False
        self.name = kwargs.get("name") or _unique_name(type(self).__name__)
        self.trainable = kwargs.get("trainable", True)
        self.dtype = config.standardize_dtype(kwargs.get("dtype") or kwargs.get("input_dtype"))
        self._initial_weights = kwargs.get("weights")
        shape = _batch_input_shape(kwargs)
        if shape is not None:
            self.batch_input_shape = shape

    # --- what subclasses write

    def build(self, input_shape: Any) -> None:
        """Make the weights; `input_shape` is a shape, or a list of shapes for several inputs."""
        self.built = True

    def call(self, inputs: Any, **kwargs: Any) -> Any:
        """Compute the output: a tensor or a list of tensors."""
        return inputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output: by default that of the input, if the layer supports masks."""
        if self.supports_masking:
            return mask
        if not is_all_none(mask) and not self._ends_masks:
            # tf.keras and Keras 3 let a mask end at a layer that knows none: their files have such models.
            if are_weights_from_file():
                self._ends_masks = True
                return None
            raise TypeError(
                f"Layer {self.name} does not support masking, but was passed an input_mask: {mask}"
            )
        return None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output, or a list of shapes, for the shape or shapes of the input.

        Examples
        --------
        >>> from pronghorn.layers import Dense
        >>> Dense(3).compute_output_shape((None, 4))
        (None, 3)
        """
        if (
            self._knows_output_shape()
        ):  # reached by super(): the input's shape is what an override starts from
            return input_shape
        return self.infer_output_shape(input_shape)

    def infer_output_shape(self, input_shape: Any) -> Any:
        """Find the shape of the output by tracing `call` on the shape or shapes of the input."""
        from .symbolic_call import as_shapes, trace_call

        shapes, _ = as_shapes(input_shape)
        inputs = [ops.KerasTensor(shape, self.dtype) for shape in shapes]
        with name_scope(self.name):
            self._ensure_built(inputs)
        specs, many, _ = trace_call(self, unpack_singleton(inputs), {})
        return [shape for shape, _ in specs] if many else specs[0][0]

    def _knows_output_shape(self) -> bool:
        return type(self).compute_output_shape is not Layer.compute_output_shape

    def _output_dtypes(self, inputs: list, count: int) -> list[str]:
        own = self._trainable_weights + self._non_trainable_weights
        return [self.dtype if own else str(inputs[0].dtype)] * count

    def _input_dtypes(self, given: list[str]) -> list[str]:
        """Return what arrays of these types are fed as: NumPy's float64 is cast to what the weights are."""
        if not self.dtype.startswith("float"):
            return given
        return [self.dtype if dtype.startswith("float") else dtype for dtype in given]

    def _losses_per_call(self, outputs: int) -> int:
        return outputs if getattr(self, "activity_regularizer", None) is not None else 0

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor needs to make an equal layer, as plain data."""
        config = {"name": self.name, "trainable": self.trainable}
        if hasattr(self, "batch_input_shape"):
            config["batch_input_shape"] = self.batch_input_shape
        config["dtype"] = self.dtype
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """Make a layer of what :meth:`get_config` gave.

        Examples
        --------
        >>> from pronghorn.layers import Dense
        >>> Dense.from_config(Dense(4).get_config()).units
        4
        """
        return cls(**config)

    # --- weights

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return self._built

    @built.setter
    def built(self, value: bool) -> None:
        self._built = value

    @shape_may_come_first
    def add_weight(
        self,
        name: str | None = None,
        shape: Sequence[int] | None = None,
        dtype: str | None = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
        constraint: Any = None,
    ) -> ops.Variable:
        """Make a weight of this layer.

        Parameters
        ----------
        name
            Name within the layer.
        shape
            Shape; a scalar where not given.
        dtype
            Type; that of the layer where not given.
        initializer
            Initializer or its name; ``"glorot_uniform"`` where not given, zeros for integers.
        regularizer
            Function of the weight whose value is added to the objective.
        trainable
            Whether training changes it.
        constraint
            Function that the weight goes through after each training step.
        """
        dtype = config.standardize_dtype(dtype or self.dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtype.startswith("float") else "zeros"
        shape = tuple(int(length) for length in (shape or ()))
        take_memory(math.prod(shape) * np.dtype(dtype).itemsize, f'weight "{name}" of layer {self.name}')
        initializer = initializers.get(initializer)
        if self._weights_are_in_files and are_weights_from_file():
            initializer = initializers.Zeros()
        value = initializer(shape, dtype=dtype)
        if isinstance(value, ops.KerasTensor):  # of an initializer written with K
            value = ops.Function([], [value])([])[0]
        if np.shape(value) != shape:
            raise ValueError(
                f'Layer {self.name}: weight "{name}" has shape {shape}, but its initializer gave an array of '
                f"shape {np.shape(value)}"
            )
        weight = ops.Variable(
            value,
            dtype=dtype,
            name=scoped(name or "Variable") + ":0",
            trainable=trainable,
            constraint=constraint,
        )
        weight._tracked = True
        (self._trainable_weights if trainable else self._non_trainable_weights).append(weight)
        if regularizer is not None:
            with ops.outside_traces():
                self.add_loss(regularizer(weight))
        return weight

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of the weights' contents, in the order of ``weights``."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the weights to arrays that are as :meth:`get_weights` gives them."""
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f'You called `set_weights(weights)` on layer "{self.name}" with a weight list of length '
                f"{len(weights)}, but the layer was expecting {len(own)} weights. "
                f"Provided weights: {str(weights)[:50]}..."
            )
        assign_weights(zip(own, weights))

    def count_params(self) -> int:
        """Return how many numbers the weights hold."""
        from ..utils.layer_utils import count_params

        if not self.built:
            raise RuntimeError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't built. "
                f"You can build it manually via: `{self.name}.build(batch_input_shape)`."
            )
        return count_params(self.weights)

    # --- calls

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer.

        Symbolic tensors make a node of the model's graph; inside a trace the layer computes there and then;
        arrays are computed with at once, and arrays are what comes out.
        """
        if args:
            kwargs.update(zip(_call_parameters(self)[1:], args))
        trace = ops.current_trace()
        if trace is not None:
            return self._call_traced(trace, inputs, kwargs)
        if type(inputs) is not np.ndarray:
            flat = to_list(inputs, allow_tuple=True)
            if any(isinstance(x, (ops.KerasTensor, ops.Variable)) for x in flat):
                from .symbolic_call import call_symbolic

                return call_symbolic(self, list(inputs) if isinstance(inputs, tuple) else inputs, kwargs)
        from .eager import call_now

        return call_now(self, inputs, kwargs)

    def _call_traced(self, trace: Any, inputs: Any, kwargs: dict[str, Any]) -> Any:
        """Compute inside a trace: mode and masks are passed on, losses go to the context."""
        many = isinstance(inputs, (list, tuple))
        flat = [trace.convert(x) for x in (inputs if many else [inputs])]
        inputs = flat if many else flat[0]
        names, _ = keyword_arguments(self.call)
        if isinstance(kwargs.get("training"), (ops.KerasTensor, ops.Tensor)):
            kwargs["training"] = None  # `K.learning_phase()`: the trace knows it
        with (
            ensure_context() as context,
            context.entering(self, kwargs.get("training")),
            name_scope(self.name),
        ):
            self._ensure_built(flat)
            self.assert_input_compatibility(flat)
            masks = kwargs.get("mask")
            if masks is None:
                masks = unpack_singleton([getattr(x, "_keras_mask", None) for x in flat])
            if "mask" in names and not is_all_none(masks):
                kwargs["mask"] = masks
            if "training" in names and kwargs.get("training") is None:
                kwargs["training"] = context.training
            with self._naming_errors():
                outputs = self.call(inputs, **kwargs)
            outputs = _map(lambda x: _fresh(trace, x, flat), outputs)
            self._set_masks(trace, outputs, inputs, masks)
            self._add_activity_losses(outputs)
            if context.depth == 1:
                self._add_weight_losses(context)
        return outputs

    @contextmanager
    def _naming_errors(self) -> Iterator[None]:
        """Put the layer before the message of an error in its `call`, unless one within was named already."""
        try:
            yield
        except (TypeError, ValueError) as error:
            if type(error) in (TypeError, ValueError) and not getattr(error, "_names_layer", False):
                if self.name not in str(error):
                    error.args = (f'{type(self).__name__} "{self.name}": {error}',)
                error._names_layer = True
            raise

    def _set_masks(self, trace: Any, outputs: Any, inputs: Any, input_masks: Any) -> None:
        masks = self.compute_mask(inputs, input_masks)
        outputs = to_list(outputs, allow_tuple=True)
        masks = list(masks) if isinstance(masks, (list, tuple)) else [masks] * len(outputs)
        if len(masks) != len(outputs):
            raise ValueError(
                f"Layer {self.name} has {len(outputs)} outputs, but its compute_mask gave {len(masks)} masks"
            )
        for x, mask in zip(outputs, masks):
            if isinstance(x, ops.Tensor):
                x._keras_mask = None if mask is None else trace.convert(mask)

    def _add_activity_losses(self, outputs: Any) -> None:
        regularizer = getattr(self, "activity_regularizer", None)
        if regularizer is not None:
            self.add_loss([regularizer(x) for x in to_list(outputs, allow_tuple=True)])

    def _add_weight_losses(self, context: Any) -> None:
        for layer in flatten_layers(self):
            for loss in layer._filed("_per_input_losses", None):
                if not depends_on_input(loss):
                    context.add_once(loss)

    def _ensure_built(self, inputs: list) -> None:
        """Build for these inputs, if that was not done before.

        Weights are made outside of any trace: they outlive it. The batch that happens to come first does not
        bind the layer to its size, unless the layer keeps a state per row.
        """
        if self.built:
            return
        shapes = []
        for x in inputs:
            if getattr(x, "shape", None) is None:
                raise ValueError(
                    f'You tried to call layer "{self.name}". This layer has no information about its '
                    "expected input shape, and thus cannot be built. You can build it manually via: "
                    "`layer.build(batch_input_shape)`"
                )
            shape = tuple(x.shape)
            keep = self.stateful or isinstance(x, ops.KerasTensor) or len(shape) < 2
            shapes.append(shape if keep else (None, *shape[1:]))
        self.assert_input_compatibility(inputs)
        with ops.outside_traces():
            self.build(unpack_singleton(shapes))
        self.built = True
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)

    def assert_input_compatibility(self, inputs: Any) -> None:
        """Raise ValueError unless the inputs are tensors that fit ``input_spec``."""
        inputs = to_list(inputs, allow_tuple=True)
        for x in inputs:
            if not (ops.is_tensor(x) or isinstance(x, np.ndarray)):
                raise ValueError(
                    f"Layer {self.name} was called with an input that isn't a symbolic tensor. "
                    f"Received type: {type(x)}. Full input: {inputs}. "
                    "All inputs to the layer should be tensors."
                )
        check_inputs(self.name, self.input_spec, inputs)

    @staticmethod
    def _node_key(layer: Layer, node_index: int) -> str:
        return f"{layer.name}_ib-{node_index}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def assign_weights(pairs: Iterable[tuple[ops.Variable, Any]]) -> None:
    """Give variables new contents, all or none: every shape is checked first."""
    checked = [(weight, np.asarray(value)) for weight, value in pairs]
    for weight, value in checked:
        if tuple(weight.shape) != value.shape:
            raise ValueError(
                f"Layer weight shape {tuple(weight.shape)} not compatible "
                f"with provided weight shape {value.shape}"
            )
    for weight, value in checked:
        weight.assign(value)


def _unique_name(class_name: str) -> str:
    return f"{to_snake_case(class_name)}_{get_uid(class_name)}"


def _batch_input_shape(kwargs: dict[str, Any]) -> tuple | None:
    if "batch_input_shape" in kwargs:
        return tuple(kwargs["batch_input_shape"])
    shape = kwargs.get("input_shape")
    if shape is None and kwargs.get("input_dim") is not None:
        shape = (kwargs["input_dim"],)
        if "input_length" in kwargs:
            shape = (kwargs["input_length"], *shape)
    if shape is None:
        return None
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    return (kwargs.get("batch_size"), *shape)


def _call_parameters(layer: Layer) -> list[str]:
    import inspect

    return list(inspect.signature(layer.call).parameters)


def _map(function: Any, outputs: Any) -> Any:
    if isinstance(outputs, (list, tuple)):
        return [function(x) for x in outputs]
    return function(outputs)


def _fresh(trace: Any, x: Any, inputs: list) -> ops.Tensor:
    """Return an output as a tensor of its own: a layer that passes its input through may change the mask."""
    x = trace.convert(x)
    return ops.Tensor(trace, x.value, x.shape, x.dtype) if any(x is y for y in inputs) else x
