"""Models as estimators of scikit-learn."""

import functools
import pickle

import numpy as np
import pytest

from pronghorn.layers import Dense
from pronghorn.models import Sequential
from pronghorn.wrappers.scikit_learn import KerasClassifier, KerasRegressor

X = np.random.RandomState(0).randn(60, 4)
LABELS = np.array(["dog", "cat", "cow"])[np.argmax(X[:, :3], axis=1)]
Y = X.sum(axis=1)


def classifier(units=8, optimizer="adam", outputs=3):
    activation, loss = (
        ("softmax", "categorical_crossentropy") if outputs > 1 else ("sigmoid", "binary_crossentropy")
    )
    model = Sequential(
        [Dense(units, activation="relu", input_shape=(4,)), Dense(outputs, activation=activation)]
    )
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def regressor(units=8):
    model = Sequential([Dense(units, activation="relu", input_shape=(4,)), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


class Build:
    def __call__(self, units=4):
        return classifier(units)


class Inherited(KerasClassifier):
    def __call__(self, units=4):
        return classifier(units)


@pytest.mark.parametrize(
    "make",
    [
        functools.partial(KerasClassifier, classifier),
        functools.partial(KerasClassifier, Build()),
        functools.partial(KerasClassifier, functools.partial(classifier, optimizer="sgd")),
        Inherited,
    ],
)
def test_what_makes_the_model(make):
    estimator = make(units=5, epochs=1, verbose=0)
    history = estimator.fit(X, LABELS, sample_weight=np.ones(60), batch_size=20)
    assert history.epoch == [0] and history.params["batch_size"] == 20
    assert estimator.model.layers[0].units == 5
    assert list(estimator.classes_) == ["cat", "cow", "dog"] and estimator.n_classes_ == 3
    assert set(estimator.predict(X)) <= {"dog", "cat", "cow"}
    np.testing.assert_allclose(estimator.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
    assert estimator.score(X, LABELS) == pytest.approx(np.mean(estimator.predict(X) == LABELS))


def test_one_output():
    estimator = KerasClassifier(classifier, outputs=1, epochs=1, verbose=0)
    labels = np.where(Y > 0, "plus", "minus")
    estimator.fit(X, labels)
    found = estimator.predict_proba(X)
    assert found.shape == (60, 2) and estimator.predict(X).shape == (60,)
    np.testing.assert_array_equal(estimator.predict(X), np.where(found[:, 1] > 0.5, "plus", "minus"))
    assert estimator.score(X, labels) == pytest.approx(np.mean(estimator.predict(X) == labels))


def test_rows_of_zeros_and_ones():
    estimator = KerasClassifier(classifier, epochs=1, verbose=0)
    rows = np.eye(3)[np.argmax(X[:, :3], axis=1)]
    estimator.fit(X, rows)
    assert estimator.score(X, rows) == pytest.approx(np.mean(estimator.predict(X) == rows.argmax(axis=1)))
    with pytest.raises(ValueError, match="Invalid shape for y"):
        estimator.fit(X, rows[:, :, None])


def test_accuracy_has_to_be_asked_for():
    def without():
        model = Sequential([Dense(3, activation="softmax", input_shape=(4,))])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    estimator = KerasClassifier(without, verbose=0)
    estimator.fit(X, LABELS)
    with pytest.raises(ValueError, match="not configured to compute accuracy"):
        estimator.score(X, LABELS)


def test_regressor():
    estimator = KerasRegressor(regressor, units=3, epochs=2, verbose=0)
    estimator.fit(X, list(Y))
    assert estimator.predict(X).shape == (60,) and estimator.predict(X[:1]).shape == (1,)
    assert estimator.predict(X[:0]).shape == (0,)
    expected = -np.mean((estimator.predict(X) - Y) ** 2)
    assert estimator.score(X, Y) == pytest.approx(expected, rel=1e-5)


def test_parameters():
    estimator = KerasClassifier(classifier, units=5, epochs=1)
    assert estimator.get_params() == {"build_fn": classifier, "units": 5, "epochs": 1}
    assert estimator.set_params(units=6, batch_size=7) is estimator
    assert estimator.filter_sk_params(Sequential.fit, {"epochs": 9}) == {"epochs": 9, "batch_size": 7}
    assert estimator.filter_sk_params(classifier) == {"units": 6}
    estimator.set_params(build_fn=Build())
    assert isinstance(estimator.build_fn, Build)
    for call in (lambda: KerasClassifier(classifier, unit=3), lambda: estimator.set_params(unit=3)):
        with pytest.raises(ValueError, match="unit is not a legal parameter"):
            call()


def test_clone_and_pipeline():
    base = pytest.importorskip("sklearn.base")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    estimator = KerasClassifier(classifier, optimizer="sgd", callbacks=[], epochs=3, verbose=0)
    copy = base.clone(estimator)
    assert type(copy) is KerasClassifier and copy.get_params() == estimator.get_params()
    assert base.is_classifier(copy) and base.is_regressor(KerasRegressor(regressor))
    pipeline = make_pipeline(StandardScaler(), estimator)
    pipeline.fit(X, LABELS, kerasclassifier__batch_size=10)
    assert pipeline.predict(X).shape == (60,)
    assert pipeline.score(X, LABELS) == pytest.approx(np.mean(pipeline.predict(X) == LABELS))


def test_cross_validation():
    selection = pytest.importorskip("sklearn.model_selection")
    estimator = KerasRegressor(regressor, epochs=2, verbose=0)
    assert selection.cross_val_score(estimator, X, Y, cv=3, scoring="r2").shape == (3,)
    assert selection.cross_val_predict(KerasClassifier(classifier, verbose=0), X, LABELS).shape == (60,)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search(n_jobs):
    selection = pytest.importorskip("sklearn.model_selection")
    search = selection.GridSearchCV(
        KerasClassifier(classifier, verbose=0),
        {"units": [2, 16], "epochs": [1, 8]},
        n_jobs=n_jobs,
        cv=2,
        error_score="raise",
    )
    search.fit(X, LABELS)
    assert set(search.best_params_) == {"units", "epochs"}
    assert len(search.cv_results_["mean_test_score"]) == 4
    assert search.predict(X).shape == (60,)


def test_pickle():
    estimator = KerasRegressor(regressor, units=3, verbose=0)
    again = pickle.loads(pickle.dumps(estimator))
    assert again.get_params() == estimator.get_params()
    again.fit(X, Y)
    fitted = pickle.loads(pickle.dumps(again))
    np.testing.assert_array_equal(fitted.predict(X), again.predict(X))
