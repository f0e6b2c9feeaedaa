"""A model with two inputs and two outputs: how well will a headline do?

    python -m pronghorn examples/functional/headline.py [--epochs 50]

The headlines are made: sequences of 100 words out of 10,000, of which some please the readers and some bore
them; and five numbers more, the hour of the day among them. The auxiliary output judges by the words
alone.
"""

import argparse

import keras
import numpy as np
from keras.layers import LSTM, Dense, Embedding, Input
from keras.models import Model

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=50)
epochs = parser.parse_args().epochs

np.random.seed(1)


def make_headlines(n):
    """Words, further data, and whether the headline did well: by its last words, or by a very good hour."""
    headline_data = np.minimum(100 + np.random.zipf(1.5, (n, 100)), 9999)  # a few words are in every headline
    pleases = np.random.randint(2, size=(n, 1))
    headline_data[:, -5:] = np.random.randint(1, 21, (n, 5)) + 20 * pleases
    additional_data = np.random.random((n, 5))
    good_hour = additional_data[:, :1] > 0.7
    return headline_data, additional_data, (pleases | good_hour).astype("float32")


headline_data, additional_data, labels = make_headlines(320)
unseen_headlines, unseen_additional, unseen_labels = make_headlines(320)

# A headline is 100 whole numbers from 1 to 10,000. Any layer can be given a name.
main_input = Input(shape=(100,), dtype="int32", name="main_input")

# Each word becomes a vector of 512 numbers, and the sequence of them one vector of 32.
x = Embedding(output_dim=512, input_dim=10000, input_length=100)(main_input)
lstm_out = LSTM(32)(x)

# A loss of its own here keeps the two layers learning, whatever becomes of the main loss.
auxiliary_output = Dense(1, activation="sigmoid", name="aux_output")(lstm_out)

# The second input joins what the words gave.
auxiliary_input = Input(shape=(5,), name="aux_input")
x = keras.layers.concatenate([lstm_out, auxiliary_input])

x = Dense(64, activation="relu")(x)
x = Dense(64, activation="relu")(x)
x = Dense(64, activation="relu")(x)

main_output = Dense(1, activation="sigmoid", name="main_output")(x)

model = Model(inputs=[main_input, auxiliary_input], outputs=[main_output, auxiliary_output])
start = model.get_weights()


def report(title, history):
    print(title)
    for name in ("loss", "main_output_loss", "aux_output_loss"):
        print(f"  {name:16s} {history[name][0]:.4f} -> {history[name][-1]:.4f}")
    total, main, aux = (history[name][-1] for name in ("loss", "main_output_loss", "aux_output_loss"))
    assert abs(total - (main + 0.2 * aux)) < 1e-3
    assert total < history["loss"][0]


# One loss for both outputs, the second with a weight of 0.2; data as lists.
model.compile(optimizer="rmsprop", loss="binary_crossentropy", loss_weights=[1.0, 0.2])
by_list = model.fit(
    [headline_data, additional_data], [labels, labels], epochs=epochs, batch_size=32, shuffle=False, verbose=0
)
report("trained with lists:", by_list.history)

# The same by name, from the same weights.
model.set_weights(start)
model.compile(
    optimizer="rmsprop",
    loss={"main_output": "binary_crossentropy", "aux_output": "binary_crossentropy"},
    loss_weights={"main_output": 1.0, "aux_output": 0.2},
)
by_name = model.fit(
    {"main_input": headline_data, "aux_input": additional_data},
    {"main_output": labels, "aux_output": labels},
    epochs=epochs,
    batch_size=32,
    shuffle=False,
    verbose=0,
)
report("trained with dictionaries:", by_name.history)
assert by_list.history == by_name.history

main, aux = model.predict({"main_input": unseen_headlines, "aux_input": unseen_additional})
for name, answers in (("main", main), ("auxiliary", aux)):
    accuracy = np.mean((answers > 0.5) == unseen_labels)
    print(f"{name} output: {100 * accuracy:.1f} % of {len(answers)} unseen headlines judged rightly")
