"""TensorBoard's files, read back by its own reader."""

import io
import os
import sys

import numpy as np
import pytest

from pronghorn import callbacks
from pronghorn.layers import LSTM, Add, Conv2D, Dense, Dropout, Embedding, Flatten, Input
from pronghorn.models import Model, Sequential

pytest.importorskip("tensorboard")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402

from pronghorn.callbacks import event_files  # noqa: E402
from pronghorn.callbacks.tensorboard import weight_images  # noqa: E402

RNG = np.random.RandomState(0)
X, Y = RNG.rand(20, 6, 6, 1).astype("float32"), RNG.rand(20, 2).astype("float32")
LIMITS = {"images": 0, "histograms": 0, "scalars": 0, "tensors": 0}


def read(folder):
    found = EventAccumulator(os.fspath(folder), size_guidance=LIMITS)
    found.Reload()
    return found


def convnet():
    model = Sequential(
        [Conv2D(4, 3, input_shape=(6, 6, 1), name="conv"), Flatten(), Dropout(0.5), Dense(2, name="dense")]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def fit(folder, model=None, validation=True, epochs=3, extra=(), **kwargs):
    model = model or convnet()
    board = callbacks.TensorBoard(folder, **kwargs)
    return model, model.fit(
        X,
        Y,
        batch_size=5,
        epochs=epochs,
        verbose=0,
        validation_data=(X[:8], Y[:8]) if validation else None,
        callbacks=[*extra, board],
    )


def test_scalars_of_epochs(tmp_path):
    _, history = fit(tmp_path)
    found = read(tmp_path)
    assert sorted(found.Tags()["scalars"]) == ["loss", "mae", "val_loss", "val_mae"]
    for name, values in history.history.items():
        events = found.Scalars(name)
        assert [event.step for event in events] == [0, 1, 2]
        np.testing.assert_allclose([event.value for event in events], values, rtol=1e-6)


@pytest.mark.parametrize(
    "update_freq, steps", [("batch", [5, 10, 15, 20]), (1, [5, 10, 15, 20]), (9, [10, 20])]
)
def test_scalars_of_batches(tmp_path, update_freq, steps):
    class Losses(callbacks.Callback):
        losses = {}

        def on_batch_end(self, batch, logs=None):
            self.losses[5 * batch + 5] = logs["loss"]

    losses = Losses()
    fit(tmp_path, validation=False, epochs=1, update_freq=update_freq, extra=[losses])
    events = read(tmp_path).Scalars("loss")
    # The last one is that of the epoch.
    assert [event.step for event in events] == [*steps, 20]
    for event in events[:-1]:
        assert event.value == pytest.approx(losses.losses[event.step])


def test_epochs_leave_the_batches_to_the_core(tmp_path):
    board = callbacks.TensorBoard(tmp_path, histogram_freq=1)
    assert not callbacks.CallbackList([board]).needs_every_batch("train")
    board = callbacks.TensorBoard(tmp_path, update_freq="batch")
    assert callbacks.CallbackList([board]).needs_every_batch("train")


def test_subclasses(tmp_path):
    class Mine(callbacks.TensorBoard):
        batches = 0

        def on_batch_end(self, batch, logs=None):
            self.batches += 1
            super().on_batch_end(batch, logs)

        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, {**logs, "more": 7.0})

    for update_freq, count in (("epoch", 2), ("batch", 10)):
        board = Mine(tmp_path / update_freq, update_freq=update_freq)
        convnet().fit(X, Y, batch_size=5, epochs=2, callbacks=[board], verbose=0)
        found = read(tmp_path / update_freq)
        assert board.batches == 8 and len(found.Scalars("loss")) == count
        assert [event.value for event in found.Scalars("more")] == [7.0, 7.0]


def test_in_a_loop_of_ones_own(tmp_path):
    board = callbacks.TensorBoard(tmp_path)
    board.set_model(convnet())
    for epoch in range(3):
        board.on_epoch_end(epoch, {"loss": epoch / 2})
    board.on_train_end()
    found = read(tmp_path)
    assert [event.value for event in found.Scalars("loss")] == [0.0, 0.5, 1.0] and found.Tags()["graph"]


def test_histograms(tmp_path):
    model, _ = fit(tmp_path, histogram_freq=2, batch_size=3, write_grads=True)
    found = read(tmp_path)
    weights = ["conv/kernel_0", "conv/bias_0", "dense/kernel_0", "dense/bias_0"]
    outputs = [f"{layer.name}_out" for layer in model.layers]
    gradients = [f"{name}_grad" for name in weights]
    assert sorted(found.Tags()["histograms"]) == sorted(weights + outputs + gradients)
    events = found.Histograms("conv/kernel_0")
    assert [event.step for event in events] == [0, 2]
    last, value = events[-1].histogram_value, model.layers[0].get_weights()[0]
    assert last.num == value.size and sum(last.bucket) == value.size
    assert (last.min, last.max) == (value.min(), value.max())
    assert last.sum == pytest.approx(value.sum(), rel=1e-5)
    assert last.sum_squares == pytest.approx((value**2).sum(), rel=1e-5)
    # All rows of the validation data, with the weights at the end of the epoch and no dropout.
    last = found.Histograms("dense_out")[-1].histogram_value
    value = model.predict(X[:8])
    assert last.num == 16
    assert last.sum == pytest.approx(value.sum(), rel=1e-5)


def test_gradients(tmp_path):
    model, _ = fit(tmp_path, histogram_freq=1, batch_size=3, write_grads=True, epochs=1)
    found = read(tmp_path).Histograms("dense/bias_0_grad")[0].histogram_value
    expected = 2 * (model.predict(X[:8]) - Y[:8]).mean(axis=0) / 2
    assert found.num == 2 and found.sum == pytest.approx(expected.sum(), rel=1e-4)


def test_images(tmp_path):
    image = pytest.importorskip("PIL.Image")
    model, _ = fit(tmp_path, histogram_freq=1, write_images=True, epochs=1)
    found = read(tmp_path)
    names = {f"{name}_0/image" for name in ("conv/bias", "dense/kernel", "dense/bias")}
    names |= {f"conv/kernel_0/image/{i}" for i in range(3)}
    assert set(found.Tags()["images"]) == names
    event = found.Images("dense/kernel_0/image")[0]
    assert (event.height, event.width) == (2, 64)
    pixels = np.asarray(image.open(io.BytesIO(event.encoded_image_string)))
    kernel = model.get_weights()[2].T
    np.testing.assert_array_equal(
        pixels, np.rint(127.5 + 127.5 * (kernel / np.abs(kernel).max()).astype("f8"))
    )


def test_weights_as_images():
    kernel = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    (tiles,) = weight_images(kernel)
    np.testing.assert_array_equal(tiles[3 * 2 : 3 * 2 + 2, 4 * 1 : 4 * 1 + 3], kernel[:, :, 2, 1])
    np.testing.assert_array_equal(weight_images(kernel[:, :, :1])[4], kernel[:, :, 0, 4])
    assert weight_images(np.zeros((2, 2, 2, 2, 2))) is None
    np.testing.assert_array_equal(event_files.to_bytes([[0, 1], [2, 4]]), [[0, 64], [128, 255]])


def test_graph(tmp_path):
    graph_pb2 = pytest.importorskip("tensorboard.compat.proto.graph_pb2")
    x = Input((3,), name="x")
    inner = Sequential([Dense(3, input_shape=(3,), name="within")], name="inner")
    shared = Dense(3, name="shared")
    y = Add(name="add")([shared(shared(x)), inner(x)])
    model = Model(x, y)
    model.compile("adam", "mse")
    board = callbacks.TensorBoard(tmp_path)
    model.fit(np.ones((4, 3)), np.ones((4, 3)), callbacks=[board], verbose=0)
    graph = graph_pb2.GraphDef.FromString(read(tmp_path).Graph().SerializeToString())
    nodes = {node.name: node for node in graph.node}
    assert len(nodes) == len(graph.node)
    assert all(source in nodes for node in graph.node for source in node.input)
    assert nodes["shared/Dense"].input[0] == "x/InputLayer"
    assert nodes["shared/Dense_1"].input[:2] == ["shared/Dense", "shared/kernel"]
    assert list(nodes["add/Add"].input) == ["shared/Dense_1", "inner/within/Dense"]
    assert nodes["inner/within/Dense"].input[0] == "x/InputLayer"
    assert [dim.size for dim in nodes["add/Add"].attr["_output_shapes"].list.shape[0].dim] == [-1, 3]
    assert nodes["training/optimizer"].op == "Adam"
    assert list(nodes["training/add_loss"].input) == ["add/Add", "training/add_target"]


def test_no_graph(tmp_path):
    fit(tmp_path, epochs=1, write_graph=False)
    assert not read(tmp_path).Tags()["graph"]


def test_embeddings(tmp_path):
    projector = pytest.importorskip("tensorboard.plugins.projector.projector_config_pb2")
    from google.protobuf import text_format

    model = Sequential([Embedding(10, 3, input_length=4, name="words"), Flatten(), Dense(2)])
    model.compile("sgd", "mse")
    data = np.arange(20).reshape(5, 4) % 10
    board = callbacks.TensorBoard(
        tmp_path, embeddings_freq=1, batch_size=2, embeddings_data=data, embeddings_metadata="words.tsv"
    )
    model.fit(data, np.ones((5, 2)), callbacks=[board], verbose=0)
    text = (tmp_path / "projector_config.pbtxt").read_text()
    (entry,) = text_format.Parse(text, projector.ProjectorConfig()).embeddings
    assert (entry.tensor_name, entry.metadata_path) == ("words_embedding", "words.tsv")
    values = np.loadtxt(tmp_path / entry.tensor_path, delimiter="\t")
    np.testing.assert_allclose(values, model.get_weights()[0][data].reshape(5, 12), rtol=1e-6)


def test_what_has_to_be_given(tmp_path):
    with pytest.raises(ValueError, match="validation_data must be provided, and cannot be a generator"):
        fit(tmp_path, validation=False, histogram_freq=1)
    with pytest.raises(ValueError, match="embeddings_data must be provided"):
        fit(tmp_path, embeddings_freq=1)


def test_several_inputs_and_outputs(tmp_path):
    a, b = Input((3,)), Input((3,))
    c = Add()([a, b])
    model = Model([a, b], [Dense(2, name="first")(c), Dense(1, name="second")(c)])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = [np.ones((7, 3))] * 2, [np.ones((7, 2)), np.ones((7, 1))]
    board = callbacks.TensorBoard(tmp_path, histogram_freq=1, batch_size=4, write_grads=True)
    model.fit(x, y, validation_data=(x, y), callbacks=[board], verbose=0)
    assert {"first_out", "second_out"} <= set(read(tmp_path).Tags()["histograms"])


def test_a_look_changes_nothing(tmp_path):
    """Histograms leave the states of layers and the random numbers of the training as they are."""

    def train(*extra):
        np.random.seed(4)
        model = Sequential([LSTM(3, stateful=True, batch_input_shape=(4, 6, 1)), Dropout(0.5), Dense(2)])
        model.compile("adam", "mse")
        x, y = X[:8, :, 0], Y[:8]
        model.fit(x, y, batch_size=4, epochs=3, validation_data=(x, y), callbacks=list(extra), verbose=0)
        return model.get_weights() + [np.random.rand()]

    board = callbacks.TensorBoard(tmp_path, histogram_freq=1, batch_size=4, write_grads=True)
    for a, b in zip(train(board), train()):
        np.testing.assert_array_equal(a, b)


def test_after_an_interruption(tmp_path):
    class Interrupt(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    board = callbacks.TensorBoard(tmp_path / "logs")
    backup = callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        convnet().fit(X, Y, epochs=5, batch_size=5, callbacks=[backup, board, Interrupt()], verbose=0)
    backup = callbacks.BackupAndRestore(tmp_path / "backup")
    _, history = fit(tmp_path / "logs", epochs=5, extra=[backup], validation=False)
    events = read(tmp_path / "logs").Scalars("loss")
    assert [event.step for event in events] == [0, 1, 2, 3, 4]
    np.testing.assert_allclose([event.value for event in events], history.history["loss"], rtol=1e-6)


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    monkeypatch.delitem(sys.modules, "pronghorn.callbacks.event_files")
    monkeypatch.delattr(callbacks, "event_files")
    with pytest.raises(ImportError, match=r"pip install pronghorn\[tensorboard\]"):
        callbacks.TensorBoard("logs")
