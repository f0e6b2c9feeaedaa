"""What a layer knows of its calls: each call makes a node, and a layer with several has several outputs.

python -m pronghorn examples/functional/layer_nodes.py
"""

import numpy as np
from keras.layers import LSTM, Conv2D, Input
from keras.models import Model

np.random.seed(1)

# Called once, a layer has one output.
a = Input(shape=(280, 256))

lstm = LSTM(32)
encoded_a = lstm(a)

assert lstm.output == encoded_a

# Called twice, it has two, and `output` alone means neither.
a = Input(shape=(280, 256))
b = Input(shape=(280, 256))

lstm = LSTM(32)
encoded_a = lstm(a)
encoded_b = lstm(b)

try:
    print(lstm.output)
except AttributeError as error:
    message = str(error)
print(message)
assert message == (
    f'Layer {lstm.name} has multiple inbound nodes, hence the notion of "layer output" is ill-defined. '
    "Use `get_output_at(node_index)` instead."
)

assert lstm.get_output_at(0) == encoded_a
assert lstm.get_output_at(1) == encoded_b

# The same holds for shapes, unless all calls agree.
assert lstm.output_shape == (None, 32)

a = Input(shape=(32, 32, 3))
b = Input(shape=(64, 64, 3))

conv = Conv2D(16, (3, 3), padding="same")
conved_a = conv(a)

# One input so far, so this works.
assert conv.input_shape == (None, 32, 32, 3)

conved_b = conv(b)

# `input_shape` would be ill-defined now; the node says which one is meant.
try:
    print(conv.input_shape)
except AttributeError as error:
    print(error)
assert conv.get_input_shape_at(0) == (None, 32, 32, 3)
assert conv.get_input_shape_at(1) == (None, 64, 64, 3)
assert conv.get_output_shape_at(1) == (None, 64, 64, 16)

# Both nodes train the same weights.
model = Model(inputs=[a, b], outputs=[conved_a, conved_b])
model.compile(optimizer="rmsprop", loss="mse")
small, large = np.random.random((8, 32, 32, 3)), np.random.random((8, 64, 64, 3))
targets = [np.zeros((8, 32, 32, 16)), np.zeros((8, 64, 64, 16))]
losses = [model.train_on_batch([small, large], targets)[0] for _ in range(10)]
print(f"loss of both outputs: {losses[0]:.4f} -> {losses[-1]:.4f}; weights: {len(model.weights)}")
assert losses[-1] < losses[0] and len(model.weights) == 2
