"""Files of weights: by order, by name, and in the layouts of other versions and backends."""

import io

import numpy as np
import pytest

from pronghorn import layers
from pronghorn.engine.saving import preprocess_weights_for_loading
from pronghorn.layers import GRU, LSTM, Bidirectional, Conv2D, CuDNNGRU, CuDNNLSTM, Dense, TimeDistributed
from pronghorn.models import Model, Sequential

h5py = pytest.importorskip("h5py", reason="HDF5 files need h5py")


def _net(*units, names="abc"):
    return Sequential(
        [
            Dense(n, name=name, **({"input_shape": (3,)} if i == 0 else {}))
            for i, (n, name) in enumerate(zip(units, names))
        ]
    )


def _file(model):
    stream = io.BytesIO()
    model.save_weights(stream)
    stream.seek(0)
    return stream


def test_by_order_layers_without_weights_do_not_count():
    source = _net(4, 2)
    target = Sequential(
        [Dense(4, input_shape=(3,)), layers.Dropout(0.5), Dense(2), layers.Activation("relu")]
    )
    target.load_weights(_file(source))
    for a, b in zip(source.get_weights(), target.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_weights_out_of_a_file_of_a_whole_model():
    source, stream = _net(4, 2), io.BytesIO()
    source.save(stream)
    stream.seek(0)
    target = _net(4, 2)
    target.load_weights(stream)
    np.testing.assert_array_equal(source.get_weights()[0], target.get_weights()[0])


def test_by_name():
    source, target = _net(4, 2), _net(4, 4, 2, names=["a", "new", "b"])
    before = target.get_layer("new").get_weights()
    with pytest.raises(
        ValueError, match=r'"b"\), weight b/kernel:0 has shape \(4, 2\)|2 layers into a model'
    ):
        target.load_weights(_file(source))
    target.load_weights(_file(source), by_name=True)
    np.testing.assert_array_equal(target.get_layer("b").get_weights()[0], source.get_weights()[2])
    np.testing.assert_array_equal(target.get_layer("new").get_weights()[0], before[0])


def test_mismatches_raise_and_change_nothing():
    target = _net(4, 3)
    before = target.get_weights()
    with pytest.raises(ValueError, match=r"has shape \(4, 3\), but the saved weight has shape \(4, 2\)"):
        target.load_weights(_file(_net(4, 2)))
    with pytest.raises(ValueError, match="containing 3 layers into a model with 2 layers"):
        target.load_weights(_file(_net(4, 3, 2)))
    with pytest.raises(ValueError, match="only together with|by_name"):
        target.load_weights(_file(_net(4, 2)), skip_mismatch=True)
    for a, b in zip(before, target.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_mismatches_can_be_skipped_by_name():
    source, target = _net(4, 2), _net(4, 3)
    with pytest.warns(UserWarning, match=r"layer b due to mismatch in shape \(\(4, 3\) vs \(4, 2\)\)"):
        target.load_weights(_file(source), by_name=True, skip_mismatch=True)
    np.testing.assert_array_equal(target.get_weights()[0], source.get_weights()[0])
    no_bias = Sequential([Dense(4, use_bias=False, input_shape=(3,), name="a")])
    with pytest.raises(ValueError, match="expects 1 weight.s., but the saved weights have 2 element"):
        no_bias.load_weights(_file(source), by_name=True)
    with pytest.warns(UserWarning, match=r"mismatch in number of weights \(1 vs 2\)"):
        no_bias.load_weights(_file(source), by_name=True, skip_mismatch=True)


def test_reshaping():
    source = Sequential([Dense(4, input_shape=(3,), name="a")])
    target = Sequential([Conv2D(4, 1, input_shape=(2, 2, 3), name="a")])
    for by_name in (False, True):
        target.load_weights(_file(source), by_name=by_name, reshape=True)
        np.testing.assert_array_equal(target.get_weights()[0][0, 0], source.get_weights()[0])
    with pytest.raises(ValueError, match="Weights must be of equal size to apply a reshape"):
        Sequential([Conv2D(4, 1, input_shape=(2, 2, 2), name="a")]).load_weights(_file(source), reshape=True)


# --- layouts


def _built(layer, shape):
    layer.build(shape)
    return layer


def _random(*shapes):
    random = np.random.RandomState(3)
    return [random.standard_normal(shape).astype("float32") for shape in shapes]


@pytest.mark.parametrize(
    "kind, shape, kernel",
    [
        ("Conv1D", (None, 6, 2), (3, 2, 4)),
        ("Conv2D", (None, 6, 6, 2), (3, 3, 2, 4)),
        ("Conv3D", (None, 6, 6, 6, 2), (3, 3, 3, 2, 4)),
        ("Conv2DTranspose", (None, 6, 6, 2), (3, 3, 4, 2)),
    ],
)
def test_kernels_of_theano_are_flipped(kind, shape, kernel):
    layer = _built(getattr(layers, kind)(4, 3), shape)
    weights = _random(kernel, (4,))
    for backend, flipped in (("theano", True), ("tensorflow", False), ("cntk", False), (None, False)):
        got = preprocess_weights_for_loading(layer, weights, "2.1.0", backend)
        expected = weights[0][(slice(None, None, -1),) * (len(kernel) - 2)] if flipped else weights[0]
        np.testing.assert_array_equal(got[0], expected)
        np.testing.assert_array_equal(got[1], weights[1])


@pytest.mark.parametrize(
    "data_format, saved, axes",
    [
        ("channels_first", (4, 2, 3, 3), (2, 3, 1, 0)),
        ("channels_last", (3, 3, 2, 4), (0, 1, 2, 3)),
    ],
)
@pytest.mark.parametrize("version", ["1", "1.2.2"])
def test_conv2d_of_keras1(data_format, saved, axes, version):
    layer = _built(
        Conv2D(4, 3, data_format=data_format), (None, 2, 6, 6) if "first" in data_format else (None, 6, 6, 2)
    )
    kernel, bias = _random(saved, (4,))
    got = preprocess_weights_for_loading(layer, [kernel, bias], version, "tensorflow")
    np.testing.assert_array_equal(got[0], kernel.transpose(axes))


def test_other_convolutions_of_keras1():
    conv = _built(layers.Conv1D(4, 3), (None, 6, 2))
    kernel, old = _random((3, 1, 2, 4), (4, 2, 3, 1))
    np.testing.assert_array_equal(preprocess_weights_for_loading(conv, [kernel], "1")[0], kernel[:, 0])
    got = preprocess_weights_for_loading(conv, [old], "1")[0]
    np.testing.assert_array_equal(got, old[..., 0].transpose(2, 1, 0))
    with pytest.raises(ValueError, match="none that Keras 1 wrote"):
        preprocess_weights_for_loading(conv, [_random((5, 2, 3, 1))[0]], "1")
    (kernel,) = _random((3, 3, 2, 4))
    transposed = _built(layers.Conv2DTranspose(4, 3), (None, 6, 6, 2))
    got = preprocess_weights_for_loading(transposed, [kernel], "1")[0]
    np.testing.assert_array_equal(got, kernel.transpose(0, 1, 3, 2))
    (kernel,) = _random((4, 2, 3, 3, 3))
    volume = _built(layers.Conv3D(4, 3, data_format="channels_first"), (None, 2, 6, 6, 6))
    got = preprocess_weights_for_loading(volume, [kernel], "1")[0]
    np.testing.assert_array_equal(got, kernel.transpose(2, 3, 4, 1, 0))


def _gates(count, *shapes):
    return [array for _ in range(count) for array in _random(*shapes)]


def test_recurrent_layers_of_keras1_had_a_triple_per_gate():
    parts = [array + i for i, array in enumerate(_gates(4, (3, 2), (2, 2), (2,)))]
    kernel, recurrent, bias = preprocess_weights_for_loading(_built(LSTM(2), (None, 5, 3)), parts, "1")
    i, c, f, o = (parts[3 * gate : 3 * gate + 3] for gate in range(4))
    np.testing.assert_array_equal(kernel, np.hstack([i[0], f[0], c[0], o[0]]))
    np.testing.assert_array_equal(recurrent, np.hstack([i[1], f[1], c[1], o[1]]))
    np.testing.assert_array_equal(bias, np.hstack([i[2], f[2], c[2], o[2]]))
    kernel, _, bias = preprocess_weights_for_loading(_built(GRU(2), (None, 5, 3)), parts[:9], "1")
    np.testing.assert_array_equal(kernel, np.hstack([parts[0], parts[3], parts[6]]))
    np.testing.assert_array_equal(bias, np.hstack([parts[2], parts[5], parts[8]]))


def test_conv_lstm_of_keras1():
    parts = _gates(4, (2, 3, 3, 3), (2, 2, 3, 3), (2,))
    layer = _built(layers.ConvLSTM2D(2, 3, data_format="channels_first"), (None, 5, 3, 8, 8))
    kernel, recurrent, bias = preprocess_weights_for_loading(layer, parts, "1")
    assert [x.shape for x in (kernel, recurrent, bias)] == [tuple(w.shape) for w in layer.weights]
    np.testing.assert_array_equal(kernel[..., :2], parts[0].transpose(2, 3, 1, 0))
    np.testing.assert_array_equal(kernel[..., 2:4], parts[6].transpose(2, 3, 1, 0))
    # In the newer layout of kernels already.
    parts = [x.transpose(2, 3, 1, 0) if x.ndim == 4 else x for x in parts]
    np.testing.assert_array_equal(preprocess_weights_for_loading(layer, parts, "1")[0], kernel)


def _series(layer, nested):
    model = Sequential([layers.InputLayer((6, 5)), layer])
    x = layers.Input((6, 5))
    return Model(x, model(x)) if nested else model


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("wrap", [None, Bidirectional])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_cudnn_layers_and_general_ones_exchange_weights(kind, wrap, nested):
    options = {"recurrent_activation": "sigmoid", "bias_initializer": "random_uniform"}
    general = LSTM(3, **options) if kind == "LSTM" else GRU(3, reset_after=True, **options)
    special = (CuDNNLSTM if kind == "LSTM" else CuDNNGRU)(3, bias_initializer="random_uniform")
    a, b = (_series(wrap(layer) if wrap else layer, nested) for layer in (general, special))
    x = np.random.RandomState(0).standard_normal((4, 6, 5)).astype("float32")
    a.load_weights(_file(b))
    np.testing.assert_allclose(a.predict(x), b.predict(x), atol=1e-6)
    a.set_weights([value + 0.1 for value in a.get_weights()])
    b.load_weights(_file(a))
    np.testing.assert_allclose(b.predict(x), a.predict(x), atol=1e-6)


def test_incompatible_grus_say_so():
    def gru(cls=GRU, **kwargs):
        return _built(cls(2, **kwargs), (None, 5, 3))

    after, before, special = gru(reset_after=True), gru(reset_after=False), gru(CuDNNGRU)
    for source, target, message in [
        (before, special, r"GRU\(reset_after=False\) is not compatible with CuDNNGRU"),
        (special, before, r"CuDNNGRU is not compatible with GRU\(reset_after=False\)"),
        (before, after, r"GRU\(reset_after=False\) is not compatible with GRU\(reset_after=True\)"),
        (after, before, r"GRU\(reset_after=True\) is not compatible with GRU\(reset_after=False\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            preprocess_weights_for_loading(target, source.get_weights())


def test_layers_within_layers_are_converted():
    inner = _built(Conv2D(4, 3), (None, 6, 6, 2))
    kernel, bias = _random((3, 3, 2, 4), (4,))
    got = preprocess_weights_for_loading(TimeDistributed(inner), [kernel, bias], "2.0.0", "theano")
    np.testing.assert_array_equal(got[0], kernel[::-1, ::-1])
    nested = Sequential([Conv2D(4, 3, input_shape=(6, 6, 2)), layers.BatchNormalization()])
    others = [np.full(4, float(i)) for i in range(4)]
    got = preprocess_weights_for_loading(nested, [kernel, bias, *others], "2.0.0", "theano")
    np.testing.assert_array_equal(got[0], kernel[::-1, ::-1])
    for value, expected in zip(got[2:], others):
        np.testing.assert_array_equal(value, expected)
