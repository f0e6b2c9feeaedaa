"""Video question answering: 100 frames and a question give one word of 1,000.

    python -m pronghorn examples/functional/video_question_answering.py [--size 224] [--frames 100]

The vision model and the encoding of questions are those of visual_question_answering.py. Made data: a square
walks through the picture, and the question is for its colour. Full size takes a minute or two and 6.6 GiB.
"""

import argparse
import time

import keras
import numpy as np
from keras.layers import LSTM, Dense, Input, TimeDistributed
from keras.models import Model
from keras.optimizers import SGD
from visual_question_answering import encode_question, make_vision_model, peak_memory


def draw_walk(frames, size, colour):
    video = np.full((frames, size, size, 3), 0.1, "float32")
    for i in range(frames):
        at = i * (size // 2) // frames
        video[i, at : at + size // 3, at : at + size // 3, colour] = 1
    return video


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--frames", type=int, default=100)
    arguments = parser.parse_args()
    frames, size = arguments.frames, arguments.size
    np.random.seed(1)

    vision_model = make_vision_model(size)
    question_input, encoded_question = encode_question()

    video_input = Input(shape=(frames, size, size, 3))
    # Every frame goes through the same vision model, which gives a sequence of vectors.
    encoded_frame_sequence = TimeDistributed(vision_model)(video_input)
    encoded_video = LSTM(256)(encoded_frame_sequence)

    # The encoding of questions as a model, with the weights it has.
    question_encoder = Model(inputs=question_input, outputs=encoded_question)

    video_question_input = Input(shape=(100,), dtype="int32")
    encoded_video_question = question_encoder(video_question_input)

    merged = keras.layers.concatenate([encoded_video, encoded_video_question])
    output = Dense(1000, activation="softmax")(merged)
    video_qa_model = Model(inputs=[video_input, video_question_input], outputs=output)
    print(f"{video_qa_model.count_params():,} weights")

    videos = draw_walk(frames, size, colour=2)[np.newaxis]
    questions = np.zeros((1, 100), "int32")
    questions[:, -3:] = [7, 21, 4]
    answers = keras.utils.to_categorical([42], 1000)

    start = time.time()
    before = video_qa_model.predict([videos, questions])
    print(f"forward: {time.time() - start:.1f} s, {peak_memory()}")
    assert before.shape == (1, 1000) and np.allclose(before.sum(), 1, atol=1e-5)

    video_qa_model.compile(optimizer=SGD(0.01), loss="categorical_crossentropy")
    start = time.time()
    loss = video_qa_model.train_on_batch([videos, questions], answers)
    print(f"training step: loss {loss:.4f}, {time.time() - start:.1f} s, {peak_memory()}")

    after = video_qa_model.predict([videos, questions])
    print("probability of the right answer:", before[answers == 1], "->", after[answers == 1])
    assert np.all(after[answers == 1] > before[answers == 1])


if __name__ == "__main__":
    main()
