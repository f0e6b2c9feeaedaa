"""Recurrent models trained with one thread and with several have the same bits."""

import numpy as np
import pytest

from pronghorn import _core
from pronghorn import backend as K
from pronghorn.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    ConvLSTM2D,
    Dense,
    Embedding,
    Flatten,
    GRUCell,
    Input,
    Lambda,
    LSTMCell,
    Masking,
    Reshape,
    SimpleRNN,
    StackedRNNCells,
    concatenate,
)
from pronghorn.models import Model

BATCH, TIME, FEATURES = 101, 6, 31


def shared(x):
    lstm = LSTM(24)
    return concatenate([lstm(x), lstm(Lambda(lambda x: x[:, ::-1] * 2)(x))])


def bidirectional(x):
    x = Bidirectional(LSTM(17, return_sequences=True))(Masking()(x))
    return Bidirectional(GRU(9), merge_mode="sum")(x)


def embedding(x):
    words = Lambda(lambda x: K.cast(K.abs(x[:, :, 0]) * 9, "int32"))(x)
    return LSTM(12)(Embedding(50, 16, mask_zero=True)(words))


def conv_lstm(x):
    x = Reshape((TIME, FEATURES, 1, 1))(x)
    return Flatten()(ConvLSTM2D(8, (3, 1), padding="same")(x))


MODELS = {
    "lstm": lambda x: LSTM(33, dropout=0.2)(x),
    "lstm with dropout of the state": lambda x: LSTM(20, dropout=0.2, recurrent_dropout=0.3)(x),
    "gru": lambda x: GRU(9, reset_after=True, go_backwards=True)(GRU(33, return_sequences=True)(x)),
    "simple_rnn": lambda x: SimpleRNN(8, unroll=True)(SimpleRNN(40, return_sequences=True)(x)),
    "cells": lambda x: RNN(StackedRNNCells([LSTMCell(12), GRUCell(7)]))(x),
    "conv_lstm": conv_lstm,
    "shared": shared,
    "bidirectional": bidirectional,
    "embedding": embedding,
}


def train(features, threads):
    before = _core.threads()
    _core.set_threads(threads)
    try:
        np.random.seed(5)
        inputs = Input((TIME, FEATURES))
        model = Model(inputs, Dense(3, activation="softmax")(features(inputs)))
        x = np.random.standard_normal((2 * BATCH + 5, TIME, FEATURES)).astype("float32")
        x[::3, 4:] = 0  # what Masking takes out
        y = np.random.randint(3, size=len(x))
        model.compile("adam", "sparse_categorical_crossentropy")
        history = model.fit(x, y, batch_size=BATCH, epochs=2, verbose=0)
        arrays = [*model.get_weights(), model.predict(x)]
        return history.history["loss"], [array.tobytes() for array in arrays]
    finally:
        _core.set_threads(before)


@pytest.mark.parametrize("name", MODELS)
def test_same_bits_for_any_number_of_threads(name):
    expected = train(MODELS[name], 1)
    for threads in (2, 3):
        assert train(MODELS[name], threads) == expected, f"{threads} threads give other bits"
