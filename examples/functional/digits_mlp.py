"""The first model of Keras's guide to the functional API, and the same model as a layer of another.

    python -m pronghorn examples/functional/digits_mlp.py

Pictures of handwritten digits, enlarged to the 28 by 28 pixels of the guide, are told apart; then the trained
model is applied to each step of a sequence of 20 digits.
"""

import numpy as np
from keras.datasets import digits
from keras.layers import Dense, Input, TimeDistributed
from keras.models import Model
from keras.utils import to_categorical

np.random.seed(1)


def pixels_784(images):
    enlarged = np.kron(images, np.ones((1, 3, 3))) / 16
    return np.pad(enlarged, [(0, 0), (2, 2), (2, 2)]).reshape(-1, 784)


(data, labels), (test_data, test_labels) = digits.load_data()
data, test_data = pixels_784(data), pixels_784(test_data)
labels, test_labels = to_categorical(labels, 10), to_categorical(test_labels, 10)

# This returns a tensor, and so does each layer that is called on one.
inputs = Input(shape=(784,))
x = Dense(64, activation="relu")(inputs)
x = Dense(64, activation="relu")(x)
predictions = Dense(10, activation="softmax")(x)

# The model is made of what lies between its inputs and its outputs.
model = Model(inputs=inputs, outputs=predictions)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(data, labels, epochs=15, verbose=2)

loss, accuracy = model.evaluate(test_data, test_labels, verbose=0)
print(f"test accuracy {100 * accuracy:.2f} % on {len(test_data)} held-out digits")
assert accuracy > 0.93

# A model is called like a layer: here on every one of 20 time steps, each a vector of 784 numbers.
input_sequences = Input(shape=(20, 784))
processed_sequences = TimeDistributed(model)(input_sequences)

sequence_model = Model(inputs=input_sequences, outputs=processed_sequences)
sequences = test_data[:320].reshape(16, 20, 784)
answers = sequence_model.predict(sequences)
print(f"{len(sequences)} sequences of 20 digits give", answers.shape)
assert np.allclose(answers.reshape(-1, 10), model.predict(test_data[:320]), atol=1e-6)

# Trained through the sequences, the model within learns: the two have the same weights.
before = model.get_weights()[0]
sequence_model.compile(optimizer="rmsprop", loss="categorical_crossentropy")
sequence_model.fit(
    data[:1400].reshape(70, 20, 784), labels[:1400].reshape(70, 20, 10), batch_size=10, epochs=1, verbose=2
)
assert not np.array_equal(before, model.get_weights()[0])
