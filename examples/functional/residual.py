"""A convolution that learns what to add to its input.

    python -m pronghorn examples/functional/residual.py [--steps 60]

The residual connection gives the picture back unchanged; trained to make blurred pictures sharp again, the
convolution beside it finds the difference.
"""

import argparse

import keras
import numpy as np
from keras.layers import Conv2D, Input
from keras.models import Model
from keras.optimizers import Adam

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=60)
steps = parser.parse_args().steps

np.random.seed(1)

# A picture of 256 by 256 pixels with three channels.
x = Input(shape=(256, 256, 3))
# A 3 by 3 convolution with as many channels out as in.
y = Conv2D(3, (3, 3), padding="same")(x)
# This is x + y.
z = keras.layers.add([x, y])

model = Model(inputs=x, outputs=z)
model.compile(optimizer=Adam(lr=0.01), loss="mse")

sharp = np.kron(np.random.random((4, 32, 32, 3)), np.ones((1, 8, 8, 1)))
blurred = (sharp + np.roll(sharp, 1, axis=1) + np.roll(sharp, 1, axis=2)) / 3

kernel, bias = model.get_weights()
model.set_weights([np.zeros_like(kernel), bias])
assert np.array_equal(model.predict(blurred), blurred.astype("float32"))
unchanged = model.evaluate(blurred, sharp, verbose=0)

losses = [model.train_on_batch(blurred, sharp) for _ in range(steps)]
print(
    f"mean squared error: {unchanged:.5f} for the blurred pictures, {losses[-1]:.5f} for what the model makes"
)
assert losses[-1] < unchanged
