"""One vision model looks at two digits: are they the same?

    python -m pronghorn examples/functional/shared_vision.py [--epochs 3]

The digits come with Pronghorn, enlarged to the 27 by 27 pixels of the guide. The last layer adds up what it
sees on either side, so the pairs are either two threes, or a three and an eight.
"""

import argparse

import keras
import numpy as np
from keras.datasets import digits
from keras.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from keras.models import Model

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=3)
epochs = parser.parse_args().epochs

np.random.seed(1)

# First the vision model.
digit_input = Input(shape=(27, 27, 1))
x = Conv2D(64, (3, 3))(digit_input)
x = Conv2D(64, (3, 3))(x)
x = MaxPooling2D((2, 2))(x)
out = Flatten()(x)

vision_model = Model(digit_input, out)

# Then the model that tells digits apart.
digit_a = Input(shape=(27, 27, 1))
digit_b = Input(shape=(27, 27, 1))

# The vision model is shared, its weights and all.
out_a = vision_model(digit_a)
out_b = vision_model(digit_b)

concatenated = keras.layers.concatenate([out_a, out_b])
out = Dense(1, activation="sigmoid")(concatenated)

classification_model = Model([digit_a, digit_b], out)
classification_model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])


def make_pairs(images, labels, n):
    pixels = np.kron(images, np.ones((1, 3, 3)))[..., np.newaxis] / 16
    pixels = np.pad(pixels, [(0, 0), (1, 2), (1, 2), (0, 0)]).astype("float32")
    threes, eights = pixels[labels == 3], pixels[labels == 8]
    pairs = [threes[np.random.randint(len(threes), size=n)] for _ in range(2)]
    same = np.random.randint(2, size=n)
    side = np.random.randint(2, size=n)
    for i in np.flatnonzero(same == 0):
        pairs[side[i]][i] = eights[np.random.randint(len(eights))]
    return pairs, same


train, test = digits.load_data()
pairs, same = make_pairs(*train, 640)
classification_model.fit(pairs, same, epochs=epochs, verbose=2)

unseen_pairs, unseen_same = make_pairs(*test, 200)
loss, accuracy = classification_model.evaluate(unseen_pairs, unseen_same, verbose=0)
print(f"{100 * accuracy:.1f} % of {len(unseen_same)} pairs of held-out digits judged rightly")
