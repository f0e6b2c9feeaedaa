"""A training that the tests kill and start again: FOLDER SAVE_FREQ EPOCHS SEED [SECONDS per epoch].

Prints a digest of all that it ends with.
"""

import hashlib
import pathlib
import sys
import time

import numpy as np

from pronghorn import backend as K
from pronghorn import callbacks
from pronghorn.layers import GRU, BatchNormalization, Dense, Dropout, GaussianNoise, Lambda, Reshape
from pronghorn.models import Sequential


def main(folder, save_freq, epochs, seed, pause=0.0):
    folder = pathlib.Path(folder)
    np.random.seed(int(seed))
    rng = np.random.RandomState(0)
    x, y = rng.rand(203, 12), np.eye(3)[rng.randint(0, 3, 203)]
    model = Sequential(
        [
            Dense(32, activation="relu", input_shape=(12,)),
            BatchNormalization(),
            Dropout(0.4),
            GaussianNoise(0.1),
            Lambda(lambda t: t + 0.05 * K.random_normal(K.shape(t))),
            Reshape((8, 4)),
            GRU(6, dropout=0.2, recurrent_dropout=0.2),
            Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy", "mae"])
    history = model.fit(
        x,
        y,
        batch_size=16,
        epochs=int(epochs),
        validation_split=0.2,
        verbose=0,
        callbacks=[
            callbacks.BackupAndRestore(
                folder / "backup", "epoch" if save_freq == "epoch" else int(save_freq)
            ),
            callbacks.ReduceLROnPlateau(monitor="loss", factor=0.7, patience=1, min_delta=0.01),
            callbacks.EarlyStopping(patience=200, restore_best_weights=True),
            callbacks.CSVLogger(folder / "log.csv"),
            callbacks.LambdaCallback(
                on_train_begin=lambda logs: print("begun", flush=True),
                on_epoch_end=lambda epoch, logs: time.sleep(float(pause)),
            ),
        ],
    )
    digest = hashlib.sha256((folder / "log.csv").read_bytes())
    ends = model.get_weights() + model.optimizer.get_weights() + list(history.history.values())
    for values in [*ends, np.random.rand(3)]:
        digest.update(np.ascontiguousarray(values).tobytes())
    print(digest.hexdigest(), len(history.epoch))


if __name__ == "__main__":
    main(*sys.argv[1:])
