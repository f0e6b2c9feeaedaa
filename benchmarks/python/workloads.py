"""The workloads, each built against a module that is like Keras: ours, tf_keras, or Keras 3."""

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


def compiled(keras, model, optimizer, loss="categorical_crossentropy", **options):
    optimizer = getattr(keras.optimizers, optimizer)(**options)
    model.compile(loss=loss, optimizer=optimizer, metrics=["accuracy"])
    return model


def sgd(keras, model):
    return compiled(keras, model, "SGD", learning_rate=0.01, momentum=0.9, nesterov=True)


def rmsprop(keras, model, **options):
    return compiled(keras, model, "RMSprop", learning_rate=0.001, **options)


# What is timed, input shape, classes (1: a yes or no), samples, batch, epochs per timing, and the builder.
WORKLOADS = {
    "mlp_softmax": ("fit", (20,), 10, 1000, 128, 20, lambda k: sgd(k, mlp(k, 20, 64, 0.5, 10, "softmax"))),
    "mlp_binary": (
        *("fit", (20,), 1, 1000, 128, 20),
        lambda k: rmsprop(k, mlp(k, 20, 64, 0.5, 1, "sigmoid"), loss="binary_crossentropy"),
    ),
    "mnist_mlp": (
        *("fit", (784,), 10, 12800, 128, 1),
        lambda k: rmsprop(k, mlp(k, 784, 512, 0.2, 10, "softmax")),
    ),
    "mnist_cnn": (
        *("fit", (28, 28, 1), 10, 2560, 128, 1),
        lambda k: compiled(k, cnn(k, (28, 28, 1), [(32, 64)], 128), "Adadelta", learning_rate=1.0),
    ),
    "vgg_like": (
        *("fit", (100, 100, 3), 10, 96, 32, 1),
        lambda k: sgd(k, cnn(k, (100, 100, 3), [(32, 32), (64, 64)], 256)),
    ),
    "resnet20": ("fit", (32, 32, 3), 10, 256, 32, 1, lambda k: compiled(k, resnet20(k), "Adam")),
    "predict_small": ("predict", (20,), 10, 1, 1, 50, lambda k: sgd(k, mlp(k, 20, 64, 0.5, 10, "softmax"))),
}


class Workload:
    """A workload on one implementation, ready to be run again and again."""

    def __init__(self, name, keras):
        self.kind, shape, classes, samples, self.batch, self.epochs, build = WORKLOADS[name]
        rng = np.random.RandomState(0)
        self.x = rng.random_sample((samples, *shape)).astype("float32")
        labels = rng.randint(max(classes, 2), size=samples)
        self.y = (
            np.eye(classes, dtype="float32")[labels] if classes > 1 else labels[:, None].astype("float32")
        )
        self.model = build(keras)
        # What one run holds, and the time is divided by: training steps, or calls of predict.
        self.units = self.epochs * -(-samples // self.batch)

    def run(self):
        if self.kind == "fit":
            self.model.fit(self.x, self.y, batch_size=self.batch, epochs=self.epochs, verbose=0)
            return
        for _ in range(self.units):
            self.model.predict(self.x, verbose=0)
