"""An Inception module: three towers over one picture of 256 by 256 pixels, put together.

    python -m pronghorn examples/functional/inception.py [--steps 6]

The guide stops at the module. Here an average and a layer follow it, to tell fine stripes from coarse ones.
"""

import argparse

import keras
import numpy as np
from keras.layers import Conv2D, Dense, GlobalAveragePooling2D, Input, MaxPooling2D
from keras.models import Model

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=6)
steps = parser.parse_args().steps

np.random.seed(1)

input_img = Input(shape=(256, 256, 3))

tower_1 = Conv2D(64, (1, 1), padding="same", activation="relu")(input_img)
tower_1 = Conv2D(64, (3, 3), padding="same", activation="relu")(tower_1)

tower_2 = Conv2D(64, (1, 1), padding="same", activation="relu")(input_img)
tower_2 = Conv2D(64, (5, 5), padding="same", activation="relu")(tower_2)

tower_3 = MaxPooling2D((3, 3), strides=(1, 1), padding="same")(input_img)
tower_3 = Conv2D(64, (1, 1), padding="same", activation="relu")(tower_3)

# Axis 1 holds the channels of Theano's pictures. With channels last, as here, the towers come to stand one
# below the other; axis -1 would put them side by side, as in the paper (Szegedy et al., 2014).
output = keras.layers.concatenate([tower_1, tower_2, tower_3], axis=1)
assert output._keras_shape == (None, 3 * 256, 256, 64)

kind = Dense(2, activation="softmax")(GlobalAveragePooling2D()(output))
model = Model(inputs=input_img, outputs=kind)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")


def stripes(period):
    return np.sin(2 * np.pi * (np.arange(256) + np.random.randint(period)) / period)


labels = np.array([0, 1, 0, 1])
pictures = np.stack([np.broadcast_to(stripes((4, 32)[k])[:, None, None], (256, 256, 3)) for k in labels])

losses = [model.train_on_batch(pictures, labels) for _ in range(steps)]
print("loss per step:", " ".join(f"{loss:.4f}" for loss in losses))
assert losses[-1] < losses[0]
