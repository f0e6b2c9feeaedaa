"""The recurrent layers that are compared with tf-keras: which, with what options, on what."""

import numpy as np

MASK = np.array([[1, 1, 1, 1, 1], [0, 1, 1, 0, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], bool)
SERIES = (4, 5, 3)
IMAGES = (2, 3, 5, 6, 2)
UNITS = 2

_KINDS = {
    "simple": ("SimpleRNN", {}),
    "gru": ("GRU", {"reset_after": False}),
    "gru_after": ("GRU", {"reset_after": True}),
    "lstm": ("LSTM", {}),
}


def _cases():
    def case(name, kind, arguments, shape=SERIES, mask=False, states=0, wrapper=None):
        return name, kind, {**arguments, "return_state": True}, shape, mask, states, wrapper

    for prefix, (kind, arguments) in _KINDS.items():
        count = 2 if kind == "LSTM" else 1
        options = {"units": UNITS, **arguments}
        sequence = {**options, "return_sequences": True}
        yield case(f"{prefix}_last", kind, options)
        yield case(f"{prefix}_sequence", kind, sequence)
        yield case(f"{prefix}_backwards", kind, {**sequence, "go_backwards": True})
        yield case(f"{prefix}_masked", kind, options, mask=True)
        yield case(f"{prefix}_masked_sequence", kind, sequence, mask=True)
        yield case(f"{prefix}_masked_backwards", kind, {**sequence, "go_backwards": True}, mask=True)
        yield case(f"{prefix}_state", kind, options, states=count)
        yield case(f"{prefix}_masked_state", kind, sequence, mask=True, states=count)
        yield case(f"{prefix}_unrolled", kind, {**options, "unroll": True}, mask=True, states=count)
        yield case(f"{prefix}_no_bias", kind, {**sequence, "use_bias": False})
        yield case(f"{prefix}_relu", kind, {**sequence, "activation": "relu"})
        if kind != "SimpleRNN":
            yield case(
                f"{prefix}_hard", kind, {**sequence, "recurrent_activation": "hard_sigmoid"}, mask=True
            )
            yield case(f"{prefix}_first_implementation", kind, {**options, "implementation": 1}, mask=True)
        yield case(f"{prefix}_stateful", kind, {**sequence, "stateful": True, "batch_input_shape": SERIES})
        cell = {"cells": [(kind + "Cell", options)], "return_sequences": True}
        yield case(f"{prefix}_cell", "RNN", cell, mask=True, states=count)
        for mode in ("concat", "sum", "mul", "ave", "none"):
            yield case(f"{prefix}_both_{mode}", kind, sequence, mask=True, wrapper=mode)
        yield case(f"{prefix}_both_last", kind, options, states=2 * count, wrapper="concat")
    cells = [("LSTMCell", {"units": 3}), ("GRUCell", {"units": 4, "reset_after": False})]
    cells += [("SimpleRNNCell", {"units": UNITS})]
    yield case("stacked_cells", "RNN", {"cells": cells})
    yield case("stacked_cells_masked", "RNN", {"cells": cells, "return_sequences": True}, mask=True)
    yield case("stacked_cells_unrolled", "RNN", {"cells": cells, "unroll": True, "go_backwards": True})
    convolution = {"filters": UNITS, "kernel_size": (3, 2)}
    convolved = {**convolution, "return_sequences": True}
    yield case("conv_last", "ConvLSTM2D", convolution, IMAGES)
    yield case("conv_same", "ConvLSTM2D", {**convolved, "padding": "same"}, IMAGES)
    yield case("conv_strided", "ConvLSTM2D", {**convolved, "strides": (2, 1)}, IMAGES)
    yield case("conv_dilated", "ConvLSTM2D", {**convolved, "dilation_rate": (2, 2)}, IMAGES)
    yield case("conv_backwards", "ConvLSTM2D", {**convolved, "go_backwards": True}, IMAGES)
    sigmoid = {**convolved, "recurrent_activation": "sigmoid", "padding": "same"}
    yield case("conv_sigmoid_state", "ConvLSTM2D", sigmoid, IMAGES, states=2)
    yield case("conv_relu", "ConvLSTM2D", {**convolved, "activation": "relu"}, IMAGES)
    yield case("conv_masked", "ConvLSTM2D", {**convolved, "padding": "same"}, IMAGES, mask=True)
    yield case("conv_masked_last", "ConvLSTM2D", {**convolution, "use_bias": False}, IMAGES, mask=True)


CASES = list(_cases())


def layer_of(layers, kind, arguments, wrapper):
    """The layer of a case, made of the layers of any Keras."""
    arguments = dict(arguments)
    if kind == "RNN":
        cells = [getattr(layers, cell)(**options) for cell, options in arguments.pop("cells")]
        layer = layers.RNN(cells if len(cells) > 1 else cells[0], **arguments)
    else:
        layer = getattr(layers, kind)(**arguments)
    if wrapper is None:
        return layer
    return layers.Bidirectional(layer, merge_mode=None if wrapper == "none" else wrapper)


def shapes_for(shape, states):
    """The shapes of the inputs and of the initial states."""
    state = (shape[0], UNITS) if shape is SERIES else (shape[0], *shape[2:4], UNITS)
    return [shape] + [state] * states


def mask_for(shape):
    """Which steps count."""
    return MASK[-shape[0] :, : shape[1]] if shape is IMAGES else MASK
