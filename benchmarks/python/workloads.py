"""The workloads, each built against a module that is like Keras: ours, tf_keras, or Keras 3."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


def mlp(keras, inputs, units, rate, outputs, activation):
    layers = keras.layers
    model = keras.Sequential([layers.Dense(units, activation="relu", input_shape=(inputs,))])
    model.add(layers.Dropout(rate))
    model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dropout(rate))
    model.add(layers.Dense(outputs, activation=activation))
    return model


def cnn(keras, shape, blocks, dense):
    """Blocks of 3 by 3 convolutions with a pooling and a dropout after each, then a hidden layer."""
    layers = keras.layers
    model = keras.Sequential()
    first = {"input_shape": shape}
    for block in blocks:
        for filters in block:
            model.add(layers.Conv2D(filters, (3, 3), activation="relu", **first))
            first = {}
        model.add(layers.MaxPooling2D((2, 2)))
        model.add(layers.Dropout(0.25))
    model.add(layers.Flatten())
    model.add(layers.Dense(dense, activation="relu"))
    model.add(layers.Dropout(0.5))
    model.add(layers.Dense(10, activation="softmax"))
    return model


def resnet20(keras):
    """The network of He et al. (2015) for CIFAR-10: three stacks of three residual blocks."""
    layers = keras.layers

    def convolve(x, filters, size=3, strides=1):
        return layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)

    def normalize(x):
        return layers.BatchNormalization()(x)

    inputs = layers.Input(shape=(32, 32, 3))
    x = layers.Activation("relu")(normalize(convolve(inputs, 16)))
    for stack, filters in enumerate((16, 32, 64)):
        for block in range(3):
            strides = 2 if stack and not block else 1
            y = layers.Activation("relu")(normalize(convolve(x, filters, strides=strides)))
            y = normalize(convolve(y, filters))
            if strides == 2:
                x = convolve(x, filters, size=1, strides=2)
            x = layers.Activation("relu")(layers.add([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs=inputs, outputs=layers.Dense(10, activation="softmax")(x))


def inception(keras):
    """Three branches over an image (Szegedy et al., 2014), side by side."""
    layers = keras.layers

    def convolve(x, size):
        return layers.Conv2D(64, size, padding="same", activation="relu")(x)

    image = layers.Input(shape=(256, 256, 3))
    pooled = layers.MaxPooling2D((3, 3), strides=(1, 1), padding="same")(image)
    branches = [convolve(convolve(image, 1), 3), convolve(convolve(image, 1), 5), convolve(pooled, 1)]
    x = layers.GlobalAveragePooling2D()(layers.concatenate(branches, axis=-1))
    return keras.Model(inputs=image, outputs=layers.Dense(10, activation="softmax")(x))


def siamese_vision(keras):
    """One network that looks at two digits and tells whether they are the same."""
    layers = keras.layers
    digit = layers.Input(shape=(27, 27, 1))
    x = layers.Conv2D(64, (3, 3))(layers.Conv2D(64, (3, 3))(digit))
    vision = keras.Model(inputs=digit, outputs=layers.Flatten()(layers.MaxPooling2D((2, 2))(x)))
    both = [layers.Input(shape=(27, 27, 1)) for _ in range(2)]
    merged = layers.concatenate([vision(image) for image in both])
    return keras.Model(inputs=both, outputs=layers.Dense(1, activation="sigmoid")(merged))


def headline_lstm(keras):
    """A text with an answer of its own, and further data for a second one."""
    layers = keras.layers
    text, more = layers.Input(shape=(100,), dtype="int32"), layers.Input(shape=(5,))
    encoded = layers.LSTM(32)(layers.Embedding(10000, 512)(text))
    x = layers.concatenate([encoded, more])
    for _ in range(3):
        x = layers.Dense(64, activation="relu")(x)
    outputs = [layers.Dense(1, activation="sigmoid")(y) for y in (x, encoded)]
    return keras.Model(inputs=[text, more], outputs=outputs)


def shared_lstm(keras):
    """Two messages read by one LSTM: are they from the same author?"""
    layers = keras.layers
    messages = [layers.Input(shape=(280, 256)) for _ in range(2)]
    lstm = layers.LSTM(64)
    merged = layers.concatenate([lstm(message) for message in messages], axis=-1)
    return keras.Model(inputs=messages, outputs=layers.Dense(1, activation="sigmoid")(merged))


def imdb_lstm(keras):
    layers = keras.layers
    review = layers.Input(shape=(80,), dtype="int32")
    encoded = layers.LSTM(128, dropout=0.2)(layers.Embedding(20000, 128)(review))
    return keras.Model(inputs=review, outputs=layers.Dense(1, activation="sigmoid")(encoded))


def vision(keras):
    """The network of Simonyan and Zisserman (2014) up to its third block."""
    layers = keras.layers
    model = keras.Sequential()
    first = {"input_shape": (224, 224, 3)}
    for block in ((64, 64), (128, 128), (256, 256, 256)):
        for i, filters in enumerate(block):
            padding = "valid" if i else "same"
            model.add(layers.Conv2D(filters, (3, 3), padding=padding, activation="relu", **first))
            first = {}
        model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Flatten())
    return model


def answer(keras, inputs, seen):
    """A question about what was seen, answered in one word of a thousand."""
    layers = keras.layers
    question = layers.Input(shape=(100,), dtype="int32")
    encoded = layers.LSTM(256)(layers.Embedding(10000, 256)(question))
    merged = layers.concatenate([encoded, seen])
    return keras.Model(inputs=[inputs, question], outputs=layers.Dense(1000, activation="softmax")(merged))


def vqa(keras):
    """A question about an image."""
    image = keras.layers.Input(shape=(224, 224, 3))
    return answer(keras, image, vision(keras)(image))


def video(keras):
    """A question about a hundred images in a row."""
    layers = keras.layers
    frames = layers.Input(shape=(100, 224, 224, 3))
    return answer(keras, frames, layers.LSTM(256)(layers.TimeDistributed(vision(keras))(frames)))


def mlp_of(*arguments):
    return lambda keras: mlp(keras, *arguments)


def cnn_of(*arguments):
    return lambda keras: cnn(keras, *arguments)


SGD = ("SGD", {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True})
RMSPROP = ("RMSprop", {"learning_rate": 0.001})
ADADELTA = ("Adadelta", {"learning_rate": 1.0})
ADAM = ("Adam", {"learning_rate": 0.001})


class Words(NamedTuple):
    """An input of so many word numbers."""

    length: int
    vocabulary: int


@dataclass(frozen=True)
class Task:
    """A model with the data that it is timed on."""

    build: Callable[[Any], Any]
    optimizer: tuple[str, dict]
    inputs: tuple  # a shape per input, or Words
    classes: tuple = (10,)  # per output; 1: a yes or no
    samples: int = 128
    batch: int = 128
    epochs: int = 1  # per timing
    predict: bool = False  # time predict() instead of fit()
    on_demand: bool = False  # takes minutes and gigabytes: run.py leaves it out unless it is named


MLP, IMAGE = ((20,),), ((27, 27, 1), (27, 27, 1))
WORKLOADS = {
    "mlp_softmax": Task(mlp_of(20, 64, 0.5, 10, "softmax"), SGD, MLP, samples=1000, epochs=20),
    "mlp_binary": Task(mlp_of(20, 64, 0.5, 1, "sigmoid"), RMSPROP, MLP, (1,), samples=1000, epochs=20),
    "mnist_mlp": Task(mlp_of(784, 512, 0.2, 10, "softmax"), RMSPROP, ((784,),), samples=12800),
    "mnist_cnn": Task(cnn_of((28, 28, 1), [(32, 64)], 128), ADADELTA, ((28, 28, 1),), samples=2560),
    "vgg_like": Task(
        cnn_of((100, 100, 3), [(32, 32), (64, 64)], 256), SGD, ((100, 100, 3),), samples=96, batch=32
    ),
    "resnet20": Task(resnet20, ADAM, ((32, 32, 3),), samples=256, batch=32),
    "inception": Task(inception, SGD, ((256, 256, 3),), samples=16, batch=4),
    "siamese_vision": Task(siamese_vision, RMSPROP, IMAGE, (1,), samples=320, batch=32),
    "headline_lstm": Task(headline_lstm, RMSPROP, (Words(100, 10000), (5,)), (1, 1), samples=320, batch=32),
    "shared_lstm": Task(shared_lstm, RMSPROP, ((280, 256), (280, 256)), (1,), samples=64, batch=32),
    "imdb_lstm": Task(imdb_lstm, ADAM, (Words(80, 20000),), (1,), samples=320, batch=32),
    "vqa": Task(vqa, RMSPROP, ((224, 224, 3), Words(100, 10000)), (1000,), samples=4, batch=2),
    "video": Task(
        video, SGD, ((100, 224, 224, 3), Words(100, 10000)), (1000,), samples=1, batch=1, on_demand=True
    ),
    "predict_small": Task(
        mlp_of(20, 64, 0.5, 10, "softmax"), SGD, MLP, samples=1, batch=1, epochs=50, predict=True
    ),
}


class Workload:
    """A workload on one implementation, ready to be run again and again."""

    def __init__(self, name, keras):
        self.task = task = WORKLOADS[name]
        random = np.random.RandomState(0)
        self.x = one_or_list([data(random, task.samples, given) for given in task.inputs])
        self.y = one_or_list([targets(random, task.samples, classes) for classes in task.classes])
        self.model = task.build(keras)
        optimizer, options = task.optimizer
        losses = ["categorical_crossentropy" if n > 1 else "binary_crossentropy" for n in task.classes]
        metrics = ["accuracy"] if len(losses) == 1 else None
        optimizer = getattr(keras.optimizers, optimizer)(**options)
        self.model.compile(loss=one_or_list(losses), optimizer=optimizer, metrics=metrics)
        # What one run holds, and the time is divided by: training steps, or calls of predict.
        self.units = task.epochs * -(-task.samples // task.batch)

    def run(self):
        if not self.task.predict:
            self.model.fit(self.x, self.y, batch_size=self.task.batch, epochs=self.task.epochs, verbose=0)
            return
        for _ in range(self.units):
            self.model.predict(self.x, verbose=0)


def data(random, samples, given):
    if isinstance(given, Words):
        return random.randint(1, given.vocabulary, (samples, given.length)).astype("int32")
    return random.random_sample((samples, *given)).astype("float32")


def targets(random, samples, classes):
    labels = random.randint(max(classes, 2), size=samples)
    return np.eye(classes, dtype="float32")[labels] if classes > 1 else labels[:, None].astype("float32")


def one_or_list(values):
    return values[0] if len(values) == 1 else values
