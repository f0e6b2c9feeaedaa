"""Bad input: each case raises an error of Keras's type that says what was expected and what came."""

import numpy as np
import pytest

import pronghorn as keras
from pronghorn import backend as K
from pronghorn import layers, losses, metrics, models, optimizers
from pronghorn.layers import Dense, Input

X = np.random.RandomState(0).rand(10, 4).astype("float32")
ONE_HOT = np.eye(3, dtype="float32")[np.arange(10) % 3]
LABELS = (np.arange(10) % 3).reshape(10, 1)


def classifier(loss="categorical_crossentropy", compiled=True, **kwargs):
    model = models.Sequential([Dense(3, activation="softmax", input_shape=(4,), name="probabilities")])
    if compiled:
        model.compile("sgd", loss, **kwargs)
    return model


def two_headed(**kwargs):
    x = Input((4,), name="features")
    model = models.Model(x, [Dense(1, name="a")(x), Dense(3, name="b")(x)])
    if kwargs:
        model.compile("sgd", **kwargs)
    return model


def fit(x=X, y=ONE_HOT, loss="categorical_crossentropy", compile_with=None, **kwargs):
    return lambda: classifier(loss, **(compile_with or {})).fit(x, y, verbose=0, **kwargs)


def with_nan(array):
    array = array.copy()
    array[7] = np.nan
    return array


CASES = {
    # name: (what is done, type of the error, what its text holds)
    # --- shapes
    "fit: wrong number of features": (fit(X[:, :3]), ValueError, ["expected", "(4,)", "(3,)"]),
    "fit: wrong rank": (fit(X[:, :, None]), ValueError, ["2 dimensions", "(10, 4, 1)"]),
    "fit: wrong target shape": (fit(y=ONE_HOT[:, :2]), ValueError, ["probabilities", "(3,)", "(2,)"]),
    "fit: one target column": (fit(y=LABELS), ValueError, ["probabilities", "(3,)", "(1,)"]),
    "predict: wrong number of features": (
        lambda: classifier().predict(X[:, :3]),
        ValueError,
        ["(4,)", "(3,)"],
    ),
    "call: wrong number of features": (lambda: classifier()(X[:, :3]), ValueError, ["4", "3"]),
    "evaluate: wrong rank of targets": (
        lambda: classifier().evaluate(X, ONE_HOT[None], verbose=0),
        ValueError,
        ["probabilities", "2 dimensions"],
    ),
    "train_on_batch: wrong number of features": (
        lambda: classifier().train_on_batch(X[:, :3], ONE_HOT),
        ValueError,
        ["(4,)", "(3,)"],
    ),
    "loss: shapes that do not broadcast": (
        lambda: losses.mean_squared_error(X, X[:, :3]),
        ValueError,
        ["(10, 4)", "(10, 3)"],
    ),
    # --- lengths
    "fit: more inputs than targets": (
        fit(y=ONE_HOT[:9]),
        ValueError,
        ["10 input samples", "9 target samples"],
    ),
    "fit: inputs of different lengths": (
        lambda: _two_inputs().fit([X, X[:8]], ONE_HOT[:, :1], verbose=0),
        ValueError,
        ["(10, 4)", "(8, 4)"],
    ),
    "fit: sample weights of another length": (fit(sample_weight=np.ones(9)), ValueError, ["(9,)", "(10, 3)"]),
    "fit: sample weights of rank 2": (
        fit(sample_weight=np.ones((10, 2))),
        ValueError,
        ["(10, 2)", "temporal"],
    ),
    "fit: too many inputs": (fit([X, X]), ValueError, ["1 array(s)", "2 arrays"]),
    "fit: too few targets": (
        lambda: two_headed(loss="mse").fit(X, [X[:, :1]], verbose=0),
        ValueError,
        ["2 array(s)", "1 arrays"],
    ),
    "fit: empty arrays": (fit(X[:0], ONE_HOT[:0]), ValueError, ["at least one sample", "(0, 4)"]),
    "predict: empty array": (
        lambda: classifier().predict(X[:0]),
        ValueError,
        ["at least one sample", "(0, 4)"],
    ),
    "train_on_batch: empty arrays": (
        lambda: classifier().train_on_batch(X[:0], ONE_HOT[:0]),
        ValueError,
        ["at least one sample"],
    ),
    "fit: no targets": (fit(y=None), ValueError, ["probabilities", "y=None"]),
    "fit: no targets, and no shape yet": (
        lambda: _shapeless().fit(X, verbose=0),
        ValueError,
        ["y=None"],
    ),
    "fit: an empty list, and no shape yet": (
        lambda: _shapeless().fit([], ONE_HOT, verbose=0),
        ValueError,
        ["array or a list of arrays"],
    ),
    "fit: sample weights that are a number": (fit(sample_weight=3), TypeError, ["sample_weight", "3"]),
    "fit: an empty list": (fit([], ONE_HOT), ValueError, ["empty list"]),
    # --- content
    "fit: strings": (fit(np.full((10, 4), "a")), TypeError, ["numbers", "<U1"]),
    "fit: rows of different lengths": (
        fit(np.array([[1, 2], [3]] * 5, dtype=object)),
        TypeError,
        ["numbers", "object"],
    ),
    "fit: complex numbers": (fit(X.astype("complex64")), TypeError, ["complex64"]),
    "fit: NaN among targets": (fit(y=with_nan(ONE_HOT)), ValueError, ["probabilities", "NaN", "index 7"]),
    "evaluate: NaN among targets": (
        lambda: classifier("mse").evaluate(X, with_nan(ONE_HOT), verbose=0),
        ValueError,
        ["probabilities", "NaN"],
    ),
    "fit: class index too high": (
        fit(y=LABELS + 1, loss="sparse_categorical_crossentropy"),
        ValueError,
        ["probabilities", "0 to 2", "index 3"],
    ),
    "fit: negative class index": (
        fit(y=LABELS - 1, loss="sparse_categorical_crossentropy"),
        ValueError,
        ["probabilities", "0 to 2", "index -1"],
    ),
    "train_on_batch: class index too high": (
        lambda: classifier("sparse_categorical_crossentropy").train_on_batch(X, LABELS * 50),
        ValueError,
        ["0 to 2", "100"],
    ),
    "embedding: index out of range": (
        lambda: models.Sequential([layers.Embedding(10, 2, input_length=1)]).predict(np.array([[3], [10]])),
        IndexError,
        ["10", "size 10"],
    ),
    # --- names
    "compile: unknown loss": (lambda: classifier("no_loss"), ValueError, ["loss function", "no_loss"]),
    "compile: unknown optimizer": (
        lambda: classifier(compiled=False).compile("no_optimizer", "mse"),
        ValueError,
        ["optimizer", "no_optimizer"],
    ),
    "compile: unknown metric": (
        lambda: classifier(metrics=["no_metric"]),
        ValueError,
        ["metric function", "no_metric"],
    ),
    "compile: an optimizer that is none": (
        lambda: classifier(compiled=False).compile(3, "mse"),
        ValueError,
        ["optimizer identifier", "3"],
    ),
    "compile: a loss that is none": (lambda: classifier(3), ValueError, ["loss function identifier", "3"]),
    "compile: a metric that is none": (lambda: classifier(metrics=[3]), ValueError, ["metric function", "3"]),
    "unknown activation": (lambda: Dense(3, activation="no_activation"), ValueError, ["no_activation"]),
    "unknown initializer": (lambda: Dense(3, kernel_initializer="no_init"), ValueError, ["no_init"]),
    "unknown regularizer": (lambda: Dense(3, kernel_regularizer="no_reg"), ValueError, ["no_reg"]),
    # --- compile
    "compile: no loss": (lambda: classifier(None), ValueError, ["no loss to optimize"]),
    "compile: too few losses": (lambda: two_headed(loss=["mse"]), ValueError, ["2 outputs", "mse"]),
    "compile: loss of an unknown output": (
        lambda: two_headed(loss={"c": "mse"}),
        ValueError,
        ["loss", "c", "'a'"],
    ),
    "compile: too few loss weights": (
        lambda: two_headed(loss="mse", loss_weights=[1.0]),
        ValueError,
        ["2 outputs", "[1.0]"],
    ),
    "compile: loss weights that are none": (
        lambda: two_headed(loss="mse", loss_weights=0.5),
        TypeError,
        ["loss_weights", "0.5"],
    ),
    "compile: metrics of an unknown output": (
        lambda: two_headed(loss="mse", metrics={"c": "mae"}),
        ValueError,
        ["metrics", "c"],
    ),
    "compile: metrics that are none": (lambda: classifier(metrics=3), TypeError, ["list or dictionary", "3"]),
    "compile: reduction that is none": (
        lambda: losses.MeanSquaredError(reduction="product")(X, X),
        ValueError,
        ["Reduction", "product"],
    ),
    "compile: target of another output": (
        lambda: two_headed(loss="mse", target_tensors={"c": K.placeholder((None, 1))}),
        ValueError,
        ["c", "'a'"],
    ),
    # --- use before its time
    "fit: not compiled": (
        lambda: classifier(compiled=False).fit(X, ONE_HOT, verbose=0),
        RuntimeError,
        ["compile"],
    ),
    "evaluate: not compiled": (
        lambda: classifier(compiled=False).evaluate(X, ONE_HOT, verbose=0),
        RuntimeError,
        ["compile"],
    ),
    "train_on_batch: not compiled": (
        lambda: classifier(compiled=False).train_on_batch(X, ONE_HOT),
        RuntimeError,
        ["compile"],
    ),
    "output of a layer that was never called": (
        lambda: Dense(3).output,
        AttributeError,
        ["dense", "inbound"],
    ),
    "output of a layer that was called twice": (lambda: _shared().output, AttributeError, ["shared"]),
    "count_params before build": (lambda: Dense(3).count_params(), RuntimeError, ["built"]),
    "set_weights: wrong number": (
        lambda: classifier().layers[0].set_weights([np.ones((4, 3))]),
        ValueError,
        ["probabilities", "1", "2"],
    ),
    "set_weights: wrong shape": (
        lambda: classifier().set_weights([np.ones((4, 2)), np.ones(3)]),
        ValueError,
        ["(4, 3)", "(4, 2)"],
    ),
    "optimizer.set_weights: wrong number": (
        lambda: optimizers.SGD().set_weights([1, 2]),
        ValueError,
        ["(2)", "(0)"],
    ),
    "dense on an unknown last axis": (
        lambda: Dense(3)(Input((None,))),
        (ValueError, TypeError),
        ["None"],
    ),
    # --- arguments
    "fit: neither data nor steps": (lambda: classifier().fit(verbose=0), ValueError, ["steps_per_epoch"]),
    "fit: unknown argument": (fit(batches=3), TypeError, ["batches"]),
    "fit: batch size 0": (fit(batch_size=0), ValueError, ["batch_size", "0"]),
    "fit: batch size that is no integer": (fit(batch_size=2.5), ValueError, ["batch_size", "2.5"]),
    "fit: validation split of everything": (
        fit(validation_split=0.99),
        ValueError,
        ["validation_split", "0"],
    ),
    "fit: validation data of four": (
        fit(validation_data=(X, ONE_HOT, None, None)),
        ValueError,
        ["validation_data", "4"],
    ),
    "fit: class without weight": (fit(class_weight={0: 1.0, 1: 1.0}), ValueError, ["{2}", "class_weight"]),
    "fit: class weights that are none": (fit(class_weight=[1.0, 2.0]), TypeError, ["dictionary"]),
    "fit: validation frequency 0": (
        fit(validation_data=(X, ONE_HOT), validation_freq=0),
        ValueError,
        ["validation_freq", "0"],
    ),
    "fit: dictionary without the input": (
        lambda: two_headed(loss="mse").fit({"x": X}, [X[:, :1], ONE_HOT], verbose=0),
        ValueError,
        ["features", "'x'"],
    ),
    "generator without steps": (
        lambda: classifier().fit((pair for pair in [(X, ONE_HOT)]), verbose=0),
        ValueError,
        ["steps_per_epoch", "Sequence"],
    ),
    "generator that ends": (
        lambda: classifier().fit((pair for pair in [(X, ONE_HOT)]), steps_per_epoch=2, verbose=0),
        ValueError,
        ["generator ended"],
    ),
    "generator of something else": (
        lambda: classifier().fit((pair for pair in [X]), steps_per_epoch=1, verbose=0),
        ValueError,
        ["(x, y)"],
    ),
    "generator with y": (
        lambda: classifier().fit((pair for pair in [X]), ONE_HOT, steps_per_epoch=1),
        ValueError,
        ["`y`"],
    ),
    "optimizer: unknown argument": (lambda: optimizers.SGD(speed=1), TypeError, ["speed"]),
    "metric: threshold out of range": (
        lambda: metrics.Precision(thresholds=[2.0]),
        ValueError,
        ["[0, 1]", "2.0"],
    ),
    "add: not a layer": (lambda: models.Sequential().add("dense"), TypeError, ["Layer", "dense"]),
    "layer: unknown argument": (lambda: Dense(3, neurons=3), TypeError, ["neurons"]),
    "layer on something that is no tensor": (lambda: Dense(3)("x"), ValueError, ["dense", "x"]),
    "model: output that is no tensor": (lambda: models.Model(Input((2,)), 3), (ValueError, TypeError), ["3"]),
    "merge of shapes that do not fit": (
        lambda: layers.add([Input((2,)), Input((3,))]),
        ValueError,
        ["2", "3"],
    ),
}


def _two_inputs():
    a, b = Input((4,), name="first"), Input((4,), name="second")
    model = models.Model([a, b], Dense(1)(layers.concatenate([a, b])))
    model.compile("sgd", "mse")
    return model


def _shapeless():
    model = models.Sequential([Dense(3)])
    model.compile("sgd", "mse")
    return model


def _shared():
    layer = Dense(2, name="shared")
    layer(Input((3,)))
    layer(Input((3,)))
    return layer


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name):
    act, kind, words = CASES[name]
    with pytest.raises(kind) as raised:
        act()
    text = " ".join(map(str, raised.value.args))
    assert [word for word in words if word not in text] == [], text


def test_the_table_is_long_enough():
    assert len(CASES) >= 40


def test_a_model_lives_on_after_errors():
    model = classifier(metrics=["accuracy"])
    before = model.get_weights()
    for x, y in [(X[:, :3], ONE_HOT), (X, ONE_HOT[:5]), (X, with_nan(ONE_HOT))]:
        with pytest.raises(ValueError):
            model.fit(x, y, verbose=0)
    for old, new in zip(before, model.get_weights()):
        np.testing.assert_array_equal(old, new)
    assert np.isfinite(model.fit(X, ONE_HOT, verbose=0).history["loss"]).all()


def test_custom_losses_may_take_nan():
    """NaN as a mark for missing targets is a loss's own affair where a user wrote it."""

    def masked(y_true, y_pred):
        known = K.cast(K.equal(y_true, y_true), "float32")
        return K.sum(known * K.square(K.switch(K.equal(y_true, y_true), y_true, y_pred) - y_pred), axis=-1)

    model = classifier(masked)
    assert np.isfinite(model.fit(X, with_nan(ONE_HOT), verbose=0).history["loss"]).all()


def test_keras_is_what_is_tested():
    assert keras.__name__ == "pronghorn"
