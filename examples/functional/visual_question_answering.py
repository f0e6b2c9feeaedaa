"""Visual question answering: a picture and a question give one word of 1,000.

    python -m pronghorn examples/functional/visual_question_answering.py [--size 224] [--steps 3]

Made data: two pictures of one square each, red or blue, and the question for its colour.
"""

import argparse
import resource
import time

import keras
import numpy as np
from keras.layers import LSTM, Conv2D, Dense, Embedding, Flatten, Input, MaxPooling2D
from keras.models import Model, Sequential
from keras.optimizers import SGD


def make_vision_model(size):
    """A model that encodes a picture as a vector."""
    vision_model = Sequential()
    vision_model.add(Conv2D(64, (3, 3), activation="relu", padding="same", input_shape=(size, size, 3)))
    vision_model.add(Conv2D(64, (3, 3), activation="relu"))
    vision_model.add(MaxPooling2D((2, 2)))
    vision_model.add(Conv2D(128, (3, 3), activation="relu", padding="same"))
    vision_model.add(Conv2D(128, (3, 3), activation="relu"))
    vision_model.add(MaxPooling2D((2, 2)))
    vision_model.add(Conv2D(256, (3, 3), activation="relu", padding="same"))
    vision_model.add(Conv2D(256, (3, 3), activation="relu"))
    vision_model.add(Conv2D(256, (3, 3), activation="relu"))
    vision_model.add(MaxPooling2D((2, 2)))
    vision_model.add(Flatten())
    return vision_model


def encode_question():
    """The input of a question, up to 100 words of 9,999, and its encoding as a vector."""
    question_input = Input(shape=(100,), dtype="int32")
    embedded_question = Embedding(input_dim=10000, output_dim=256, input_length=100)(question_input)
    encoded_question = LSTM(256)(embedded_question)
    return question_input, encoded_question


def draw_square(size, colour):
    picture = np.full((size, size, 3), 0.1, "float32")
    top, left = np.random.randint(size // 2, size=2)
    picture[top : top + size // 3, left : left + size // 3, colour] = 1
    return picture


def peak_memory():
    return f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--steps", type=int, default=3)
    arguments = parser.parse_args()
    np.random.seed(1)

    vision_model = make_vision_model(arguments.size)
    image_input = Input(shape=(arguments.size, arguments.size, 3))
    encoded_image = vision_model(image_input)

    question_input, encoded_question = encode_question()

    # The two vectors together decide on the answer.
    merged = keras.layers.concatenate([encoded_question, encoded_image])
    output = Dense(1000, activation="softmax")(merged)

    vqa_model = Model(inputs=[image_input, question_input], outputs=output)
    print(f"{vqa_model.count_params():,} weights")

    pictures = np.stack([draw_square(arguments.size, colour) for colour in (0, 2)])
    questions = np.zeros((2, 100), "int32")
    questions[:, -3:] = [7, 21, 4]
    answers = keras.utils.to_categorical([17, 42], 1000)

    start = time.time()
    before = vqa_model.predict([pictures, questions])
    print(f"forward: {time.time() - start:.1f} s, {peak_memory()}")
    assert before.shape == (2, 1000) and np.allclose(before.sum(axis=1), 1, atol=1e-5)

    vqa_model.compile(optimizer=SGD(0.01), loss="categorical_crossentropy")
    losses = []
    for _ in range(arguments.steps):
        start = time.time()
        losses.append(vqa_model.train_on_batch([pictures, questions], answers))
        print(f"training step: loss {losses[-1]:.4f}, {time.time() - start:.1f} s, {peak_memory()}")
    after = vqa_model.predict([pictures, questions])
    print("probability of the right answers:", before[answers == 1], "->", after[answers == 1])
    assert np.all(after[answers == 1] > before[answers == 1])


if __name__ == "__main__":
    main()
