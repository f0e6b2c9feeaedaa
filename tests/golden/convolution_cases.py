"""A small network of 3x3 and 5x5 convolutions, of any module that is like Keras."""


def network(keras):
    layers = keras.layers
    return keras.models.Sequential(
        [
            layers.Conv2D(6, 5, padding="same", activation="relu", input_shape=(13, 15, 3)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(7, 3, padding="same", activation="tanh"),
            layers.Conv2D(5, 5),
            layers.Flatten(),
            layers.Dense(4, activation="softmax"),
        ]
    )
