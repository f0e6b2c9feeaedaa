"""compile, fit, evaluate, predict and the methods on single batches: arguments, results, names."""

import numpy as np
import pytest

from pronghorn import backend as K
from pronghorn import layers, losses, metrics, optimizers
from pronghorn.callbacks import Callback
from pronghorn.layers import Dense, Input
from pronghorn.models import Model, Sequential

RNG = np.random.RandomState(0)
X, A, B = RNG.rand(20, 4).astype("float32"), RNG.rand(20, 1).astype("float32"), np.eye(3)[np.arange(20) % 3]


def identity():
    return Sequential([layers.Activation("linear", input_shape=(1,))])


def two_headed(**kwargs):
    x = Input((4,), name="x")
    model = Model(x, [Dense(1, name="a")(x), Dense(3, activation="softmax", name="b")(x)])
    model.compile(kwargs.pop("optimizer", "sgd"), **kwargs)
    return model


# --- names of results
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kwargs, names",
    [
        ({"loss": "mse"}, ["loss", "a_loss", "b_loss"]),
        ({"loss": ["mse", "categorical_crossentropy"]}, ["loss", "a_loss", "b_loss"]),
        ({"loss": {"a": "mse", "b": losses.CategoricalCrossentropy()}}, ["loss", "a_loss", "b_loss"]),
        ({"loss": "mse", "metrics": ["mae"]}, ["loss", "a_loss", "b_loss", "a_mae", "b_mae"]),
        (
            {"loss": "mse", "metrics": {"a": "mae", "b": ["accuracy", "mse"]}},
            ["loss", "a_loss", "b_loss", "a_mae", "b_accuracy", "b_mse"],
        ),
        (
            {"loss": "mse", "metrics": [["mae"], ["accuracy", "mse"]]},
            ["loss", "a_loss", "b_loss", "a_mae", "b_accuracy", "b_mse"],
        ),
        (
            {"loss": "mse", "metrics": ["mae", ["accuracy", "mse"]]},
            ["loss", "a_loss", "b_loss", "a_mae", "b_accuracy", "b_mse"],
        ),
        (
            {
                "loss": "mse",
                "metrics": {"a": metrics.MeanAbsoluteError(name="m")},
                "weighted_metrics": {"a": "mae"},
            },
            ["loss", "a_loss", "b_loss", "a_m", "a_mae"],
        ),
    ],
)
def test_metrics_names(kwargs, names):
    model = two_headed(**kwargs)
    assert model.metrics_names == names
    history = model.fit(X, [A, B], batch_size=8, validation_split=0.25, verbose=0).history
    assert set(history) == {*names, *("val_" + name for name in names)}
    results = model.evaluate(X, [A, B], verbose=0)
    assert len(results) == len(names)
    assert results[0] == pytest.approx(results[1] + results[2], rel=1e-5)


def test_loss_weights():
    model = two_headed(loss="mse", loss_weights={"b": 10.0})
    total, a, b = model.evaluate(X, {"a": A, "b": B}, verbose=0)
    assert total == pytest.approx(a + 10 * b, rel=1e-5)
    model = two_headed(loss="mse", loss_weights=[0.0, 2.0])
    total, _, b = model.evaluate(X, [A, B], verbose=0)
    assert total == pytest.approx(2 * b, rel=1e-5)


def test_an_output_without_loss():
    x = Input((4,))
    a = Dense(1, name="a")(x)
    model = Model(x, [a, layers.Activation("tanh", name="b")(a)])
    with pytest.warns(UserWarning, match="Output b missing"):
        model.compile("sgd", loss={"a": "mse"})
    assert model.metrics_names == ["loss", "a_loss"]
    loss = model.fit(X, A, verbose=0).history["loss"][0]
    assert np.isfinite(loss)
    assert [y.shape for y in model.predict(X)] == [(20, 1), (20, 1)]


def test_a_single_number_where_there_is_one_result():
    model = identity()
    model.compile("sgd", "mse")
    assert model.evaluate(np.ones(4), np.zeros(4), verbose=0) == 1.0
    assert model.test_on_batch(np.ones(4), np.zeros(4)) == 1.0


# --- data
# ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["float64", "float16", "int8", "int32", "uint8", "uint16", "int64", "bool", ">f4"]
)
def test_any_dtype(dtype):
    x = (np.arange(40).reshape(10, 4) % 2).astype(dtype)
    model = Sequential([Dense(2, input_shape=(4,))])
    expected = model.predict(x.astype("float32"))
    for batch_size in (10, 4):
        np.testing.assert_array_equal(model.predict(x, batch_size=batch_size), expected)


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x[::2],
        lambda x: x[::-1],
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: np.broadcast_to(x[0], x.shape),
        lambda x: x.tolist(),
    ],
)
def test_any_layout(view):
    model = Sequential([Dense(2, input_shape=(4,))])
    x = view(X.astype("float64"))
    dense = np.ascontiguousarray(x)
    for batch_size in (3, 32):
        np.testing.assert_array_equal(
            model.predict(x, batch_size=batch_size), model.predict(dense, batch_size=batch_size)
        )


def test_lists_and_dictionaries():
    model = two_headed(loss="mse")
    forms = [(X, [A, B]), ([X], (A, B)), ({"x": X}, {"b": B, "a": A, "c": None})]
    results = [model.evaluate(x, y, verbose=0) for x, y in forms]
    assert results[0] == results[1] == results[2]


def test_one_dimensional_arrays_are_columns():
    model = identity()
    model.compile("sgd", "mse", metrics=["mae"])
    assert model.evaluate(np.arange(3.0), np.zeros(3), verbose=0) == pytest.approx([5 / 3, 1.0])
    assert model.train_on_batch(np.arange(3.0), np.zeros(3)) == pytest.approx([5 / 3, 1.0])


def test_predict_on_all_batch_sizes():
    model = two_headed(loss="mse")
    expected = model.predict_on_batch(X)
    for batch_size in (1, 3, 7, 20, 100):
        for found, wanted in zip(model.predict(X, batch_size=batch_size), expected):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    for found, wanted in zip(model(X), expected):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_predict_sees_new_weights_and_new_layers():
    model = Sequential([Dense(3, input_shape=(4,))])
    first = model.predict(X[:1])
    np.testing.assert_array_equal(model.predict(X[:1]), first)
    model.set_weights([2 * w for w in model.get_weights()])
    np.testing.assert_allclose(model.predict(X[:1]), 2 * first, rtol=1e-6)
    model.add(layers.Lambda(lambda x: -x))
    np.testing.assert_allclose(model.predict(X[:1]), -2 * first, rtol=1e-6)


# --- order and shares
# ------------------------------------------------------------------------------------------------


def order_of(shuffle, seed=5, rows=10, batch_size=4, epochs=2):
    """In which order a training takes its rows."""
    seen = []

    def spy(y_true, y_pred):
        return K.mean(K.square(y_pred - y_true), axis=-1)

    class Watch(layers.Layer):
        def call(self, inputs):
            return K.identity(inputs)

    model = Sequential([Watch(input_shape=(1,))])
    model.compile("sgd", spy, metrics=[lambda y_true, y_pred: y_pred[:, 0]])

    class Batches(Callback):
        def on_batch_end(self, batch, logs=None):
            seen.append(logs["loss"])

    np.random.seed(seed)
    # Powers of two tell from a sum which rows were in it.
    x = np.sqrt(2.0 ** np.arange(rows)).astype("float32")
    model.fit(
        x,
        np.zeros(rows),
        batch_size=batch_size,
        epochs=epochs,
        shuffle=shuffle,
        callbacks=[Batches()],
        verbose=0,
    )
    sizes = [min(batch_size, rows - i) for i in range(0, rows, batch_size)] * epochs
    return [
        sorted(np.flatnonzero([int(round(loss * size)) >> i & 1 for i in range(rows)]))
        for loss, size in zip(seen, sizes)
    ]


def test_shuffle_is_that_of_numpy():
    np.random.seed(5)
    order = np.arange(10)
    expected = []
    for _ in range(2):
        np.random.shuffle(order)  # the order goes on from the epoch before
        expected += [sorted(order[i : i + 4]) for i in (0, 4, 8)]
    assert order_of(True) == expected


def test_no_shuffle():
    assert order_of(False, epochs=1) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_shuffle_of_batches():
    found = order_of("batch", epochs=4)
    assert found[2] == [8, 9] and sorted(found[:2]) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_validation_takes_the_last_rows():
    model = identity()
    model.compile("sgd", "mae")
    x = np.arange(10.0)
    history = model.fit(x, np.zeros(10), validation_split=0.3, verbose=0).history
    assert history["val_loss"] == [pytest.approx(8.0)] and history["loss"] == [pytest.approx(3.0)]


def test_validation_data_and_frequency():
    model = identity()
    model.compile("sgd", "mae")
    data = np.ones(4), np.zeros(4)
    weighted = (np.array([1.0, 3.0]), np.zeros(2), np.array([1.0, 0.0]))
    history = model.fit(*data, epochs=4, validation_data=weighted, validation_freq=2, verbose=0).history
    assert history["val_loss"] == [0.5, 0.5] and len(history["loss"]) == 4
    history = model.fit(*data, epochs=4, validation_data=weighted, validation_freq=[1], verbose=0).history
    assert len(history["val_loss"]) == 1


def test_initial_epoch():
    model = identity()
    model.compile("sgd", "mae")
    assert model.fit(np.ones(4), np.ones(4), epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]


# --- weights
# ---------------------------------------------------------------------------------------------------------


def test_sample_weights_scale_losses():
    """The mean is over the number of samples, not over their weights."""
    model = identity()
    model.compile("sgd", "mae")
    x, weights = np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.0, 2.0])
    assert model.evaluate(x, np.zeros(3), sample_weight=weights, verbose=0) == pytest.approx(9 / 3)
    assert model.test_on_batch(x, np.zeros(3), sample_weight=weights) == pytest.approx(9 / 3)


def test_class_weights():
    model = Sequential([Dense(2, activation="softmax", kernel_initializer="zeros", input_shape=(1,))])
    y = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    x = np.zeros((3, 1))
    for loss, targets in [("categorical_crossentropy", y), ("sparse_categorical_crossentropy", [0, 1, 1])]:
        model.compile("sgd", loss)
        K.set_value(model.optimizer.lr, 0.0)
        found = model.train_on_batch(x, np.array(targets), class_weight={0: 6.0, 1: 0.5})
        assert found == pytest.approx(np.log(2) * (6 + 0.5 + 0.5) / 3, rel=1e-6)


def test_weights_per_timestep():
    model = Sequential([layers.Activation("linear", input_shape=(3, 1))])
    model.compile("sgd", "mae", sample_weight_mode="temporal")
    x = np.arange(6.0).reshape(2, 3, 1)
    weights = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    assert model.evaluate(x, 0 * x, sample_weight=weights, verbose=0) == pytest.approx((0 + 1 + 10) / 6)


def test_masked_timesteps_do_not_count():
    model = Sequential([layers.Masking(input_shape=(3, 1)), layers.Activation("linear")])
    model.compile("sgd", "mae", metrics=["mae"])
    x = np.array([[[1.0], [0.0], [3.0]], [[0.0], [0.0], [5.0]]])
    loss, mae = model.evaluate(x, 0 * x + 1, verbose=0)
    assert loss == pytest.approx((0 + 2 + 4) / 6)  # over all timesteps
    assert mae == pytest.approx((0 + 2 + 4) / 3)  # over those that count


# --- what layers add
# -------------------------------------------------------------------------------------------------


def test_regularizers_count():
    model = Sequential(
        [Dense(1, use_bias=False, kernel_initializer="ones", kernel_regularizer="l2", input_shape=(2,))]
    )
    model.compile("sgd", "mse")
    assert model.evaluate(np.zeros((3, 2)), np.zeros((3, 1)), verbose=0) == pytest.approx(0.02)


def test_add_loss_and_add_metric():
    x = Input((2,))
    model = Model(x, layers.Activation("linear")(x))
    model.add_loss(K.mean(x) * 0.5)
    model.add_metric(K.sum(x), name="total")
    model.compile("sgd", "mse")
    assert model.metrics_names == ["loss", "total"]
    data = np.full((4, 2), 3.0)
    assert model.evaluate(data, data, batch_size=2, verbose=0) == pytest.approx([1.5, 12.0])


def test_a_model_without_targets():
    x = Input((2,))
    y = Dense(1, kernel_initializer="ones")(x)
    model = Model(x, y)
    model.add_loss(K.mean(K.square(y)))
    model.compile(optimizers.SGD(0.1))
    first = model.train_on_batch(X[:, :2], None)
    assert model.train_on_batch(X[:, :2], None) < first


def test_inputs_and_targets_that_are_tensors():
    """Data that the model holds itself: neither is fed."""
    data = K.variable(X)
    inputs = Input(tensor=data)
    model = Model(inputs, layers.Dropout(0.5)(Dense(1, name="d")(inputs)))
    model.compile("sgd", "mse", metrics=["mae"])
    for nothing in (None, [], {}):
        assert np.isfinite(model.train_on_batch(nothing, A)).all()
    assert len(model.fit(None, A, batch_size=20, verbose=0).history["loss"]) == 1
    assert np.isfinite(model.evaluate(None, A, batch_size=20, verbose=0)).all()
    assert model.predict(None, steps=3).shape == (60, 1)
    with pytest.raises(ValueError, match="`steps`"):
        model.predict(None)
    model.compile("sgd", "mse", target_tensors=K.variable(A))
    history = model.fit(epochs=2, steps_per_epoch=3, validation_steps=2, verbose=0).history
    assert len(history["val_loss"]) == 2


def test_total_loss_is_a_tensor():
    model = two_headed(loss="mse", loss_weights=[1.0, 3.0])
    model.add_loss(K.mean(model.inputs[0]))
    function = K.function(
        model._feed_inputs + model._feed_targets + model._feed_sample_weights,
        [model.total_loss, *K.gradients(model.total_loss, model.trainable_weights)],
    )
    ones = np.ones(20)
    loss, *gradients = function([X, A, B, ones, ones])
    assert loss == pytest.approx(model.evaluate(X, [A, B], batch_size=20, verbose=0)[0], rel=1e-5)
    before = model.get_weights()
    K.set_value(model.optimizer.lr, 1.0)
    model.train_on_batch(X, [A, B])
    for old, new, gradient in zip(before, model.get_weights(), gradients):
        np.testing.assert_allclose(old - new, gradient, rtol=1e-3, atol=1e-6)


def test_frozen_layers_stay():
    model = Sequential([Dense(3, input_shape=(4,)), Dense(1)])
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, A, verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert (before[2] != after[2]).any()


def test_changed_trainable_is_warned_of():
    model = Sequential([Dense(3, input_shape=(4,)), Dense(1)])
    model.compile("sgd", "mse")
    model.layers[0].trainable = False
    with pytest.warns(UserWarning, match="Discrepancy"):
        model.fit(X, A, verbose=0)


def test_dropout_works_in_training_only():
    model = Sequential([layers.Dropout(0.5, input_shape=(4,))])
    model.compile("sgd", "mae")
    ones = np.ones((50, 4))
    np.testing.assert_array_equal(model.predict(ones), ones)
    assert model.evaluate(ones, ones, verbose=0) == 0.0
    first, second = (model.train_on_batch(ones, 0 * ones) for _ in range(2))
    assert 0.8 < first < 1.2 and first != second


def test_training_is_reproducible():
    def run():
        np.random.seed(1)
        model = Sequential([Dense(8, input_shape=(4,)), layers.Dropout(0.3), Dense(1)])
        model.compile("adam", "mse")
        model.fit(X, A, epochs=3, batch_size=8, verbose=0)
        return model.get_weights()

    for a, b in zip(run(), run()):
        np.testing.assert_array_equal(a, b)


def test_training_leaves_compiled_calls_alone():
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("sgd", "mse")
    model.fit(X, A, verbose=0)
    model(X)
    programs = dict(model._programs)
    model.fit(X, A, verbose=0)
    model.evaluate(X, A, verbose=0)
    model(X)
    assert model._programs == programs


# --- models that learn their shape from data
# -------------------------------------------------------------------------


def test_sequential_without_input_shape():
    model = Sequential([Dense(3, activation="relu"), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(X, A, epochs=2, verbose=0).history
    assert set(history) == {"loss", "mae"}
    assert model.predict(X).shape == (20, 1)


def test_a_model_class():
    class Net(Model):
        def __init__(self):
            super().__init__(name="net")
            self.hidden = Dense(6, activation="relu")
            self.out = Dense(1)

        def call(self, inputs):
            return self.out(self.hidden(inputs))

    model = Net()
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(X, A, epochs=30, validation_data=(X, A), verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert len(model.weights) == 4 and model.predict(X).shape == (20, 1)


# --- batches made elsewhere
# ------------------------------------------------------------------------------------------


def test_generators():
    def batches():
        while True:
            for i in range(0, 20, 5):
                yield X[i : i + 5], A[i : i + 5]

    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("sgd", "mse", metrics=["mae"])
    expected = model.evaluate(X, A, verbose=0)
    assert model.evaluate(batches(), steps=4, verbose=0) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(model.predict_generator(batches(), steps=4), model.predict(X), rtol=1e-6)
    history = model.fit(
        batches(), steps_per_epoch=4, epochs=3, validation_data=batches(), validation_steps=2, verbose=0
    ).history
    assert len(history["val_mae"]) == 3 and history["loss"][-1] < history["loss"][0]


class Batches:
    """A `Sequence` by its methods alone, whose batches grow from epoch to epoch."""

    size = 4

    def __len__(self):
        return 20 // self.size

    def __getitem__(self, index):
        rows = slice(index * self.size, (index + 1) * self.size)
        return X[rows], A[rows], np.ones(self.size)

    def on_epoch_end(self):
        self.size += 1


def test_sequences():
    model = Sequential([Dense(1, input_shape=(4,))])
    model.compile("sgd", "mse", metrics=["mae"])
    assert model.evaluate(Batches(), verbose=0) == pytest.approx(model.evaluate(X, A, verbose=0), rel=1e-5)
    sequence = Batches()
    history = model.fit(sequence, epochs=2, validation_data=Batches(), verbose=0).history
    assert sequence.size == 6 and len(history["val_loss"]) == 2
    assert model.predict(Batches()).shape == (20, 1)


@pytest.mark.parametrize("batches", [Batches(), (Batches()[i % 5] for i in range(10))])
def test_shapes_learnt_from_batches(batches):
    model = Sequential([Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit_generator(batches, steps_per_epoch=5, epochs=2, verbose=0).history
    assert set(history) == {"loss", "mae"}


def test_fixed_learning_phase():
    model = Sequential([layers.Dropout(0.5, input_shape=(4,))])
    ones = np.ones((4, 4), "float32")
    np.testing.assert_array_equal(model.predict(ones), ones)
    K.set_learning_phase(1)
    try:
        assert set(np.unique(model.predict(ones))) == {0.0, 2.0}
    finally:
        K.clear_session()
    np.testing.assert_array_equal(model.predict(ones), ones)
