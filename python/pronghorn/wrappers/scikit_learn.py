"""Models as estimators of scikit-learn: in pipelines, grid searches and cross-validations."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import losses
from ..models import Sequential
from ..utils.arguments import has_arg
from ..utils.generic_utils import to_list
from ..utils.np_utils import to_categorical

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
except ImportError:  # the wrappers are of use without it too

    class BaseEstimator:
        """Stands in for scikit-learn's."""

    class ClassifierMixin:
        """Stands in for scikit-learn's."""

    class RegressorMixin:
        """Stands in for scikit-learn's."""


class BaseWrapper(BaseEstimator):
    """What the two wrappers share: use `KerasClassifier` or `KerasRegressor`.

    Parameters
    ----------
    build_fn : callable, optional
        Makes and compiles the model. None where a subclass does so in its `__call__`.
    **sk_params
        Arguments of `build_fn`, and of the model's `fit`, `predict` and `evaluate`. All of them can be
        searched over: `GridSearchCV(KerasClassifier(build), {"units": [8, 16], "epochs": [5, 10]})`.
    """

    def __init__(self, build_fn: Callable | None = None, **sk_params: Any) -> None:
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

    def _builder(self) -> Callable:
        return self.__call__ if self.build_fn is None else self.build_fn

    def check_params(self, params: dict) -> None:
        """Raises where a name is an argument of nothing that is called."""
        functions = [Sequential.fit, Sequential.predict, Sequential.predict_classes, Sequential.evaluate]
        functions.append(self._builder())
        for name in params:
            if name != "nb_epoch" and not any(has_arg(function, name) for function in functions):
                raise ValueError(
                    f"{name} is not a legal parameter: neither `build_fn` nor the model's fit, predict or "
                    "evaluate takes it"
                )

    def get_params(self, deep: bool = True) -> dict:
        """The parameters by name, `build_fn` among them."""
        return {**self.sk_params, "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> Any:
        """Sets some of the parameters."""
        if "build_fn" in params:
            self.build_fn = params.pop("build_fn")
        self.check_params(params)
        self.sk_params.update(params)
        return self

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Makes a model and trains it.

        Parameters
        ----------
        x, y : array
            Samples and targets.
        **kwargs
            Arguments of the model's `fit`; they come before those of the wrapper.

        Returns
        -------
        History
        """
        build = self._builder()
        self.model = build(**self.filter_sk_params(build))
        y = np.asarray(y)
        if losses.is_categorical_crossentropy(self.model.loss) and y.ndim != 2:
            y = to_categorical(y)
        arguments = copy.deepcopy(self.filter_sk_params(Sequential.fit))
        return self.model.fit(x, y, **{**arguments, **kwargs})

    def filter_sk_params(self, fn: Callable, override: dict | None = None) -> dict:
        """The parameters that are arguments of `fn`, and those of `override`."""
        found = {name: value for name, value in self.sk_params.items() if has_arg(fn, name)}
        return {**found, **(override or {})}

    def _outputs(self, x, method, kwargs):
        """The model's outputs for samples, of which there may be none."""
        if len(x) == 0:
            return np.empty((0, *self.model.output_shape[1:]), "float32")
        return np.asarray(self.model.predict(x, **self.filter_sk_params(method, kwargs)))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model")


class KerasClassifier(ClassifierMixin, BaseWrapper):
    """A model as a classifier of scikit-learn.

    Parameters
    ----------
    build_fn : callable, optional
        Makes and compiles the model.
    **sk_params
        Arguments of `build_fn`, `fit`, `predict` and `evaluate`.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> def build(units=4):
    ...     model = Sequential([Dense(units, input_shape=(2,)), Dense(2, activation="softmax")])
    ...     model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    ...     return model
    >>> classifier = KerasClassifier(build, units=8, epochs=2, verbose=0)
    >>> history = classifier.fit(np.random.rand(20, 2), np.array(["cat", "dog"] * 10))
    >>> classifier.predict(np.random.rand(3, 2)).shape
    (3,)
    """

    def fit(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Makes a model and trains it; `y` holds labels of any kind, or rows of 0 and 1."""
        y = np.array(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        elif y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
            self.classes_ = np.unique(y)
            y = np.searchsorted(self.classes_, y)
        else:
            raise ValueError(f"Invalid shape for y: {y.shape}")
        self.n_classes_ = len(self.classes_)
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        return super().fit(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """The label of each sample."""
        probabilities = self._outputs(x, Sequential.predict_classes, kwargs)
        if probabilities.shape[-1] > 1:
            indices = probabilities.argmax(axis=-1)
        else:
            indices = (probabilities[..., 0] > 0.5).astype("int32")
        return self.classes_[indices]

    def predict_proba(self, x: Any, **kwargs: Any) -> Any:
        """The probability of each class, for each sample; two of them too where the model has one output."""
        probabilities = self._outputs(x, Sequential.predict_proba, kwargs)
        if probabilities.shape[1] == 1:
            probabilities = np.hstack([1 - probabilities, probabilities])
        return probabilities

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The accuracy; the model has to be compiled with `metrics=["accuracy"]`."""
        y = np.searchsorted(self.classes_, y)
        if losses.is_categorical_crossentropy(self.model.loss) and y.ndim != 2:
            y = to_categorical(y, len(self.classes_))
        results = self.model.evaluate(x, y, **self.filter_sk_params(Sequential.evaluate, kwargs))
        for name, value in zip(self.model.metrics_names, to_list(results)):
            if name in ("accuracy", "acc"):
                return value
        raise ValueError(
            'The model is not configured to compute accuracy. You should pass `metrics=["accuracy"]` to '
            "`model.compile`."
        )


class KerasRegressor(RegressorMixin, BaseWrapper):
    """A model as a regressor of scikit-learn.

    Parameters
    ----------
    build_fn : callable, optional
        Makes and compiles the model.
    **sk_params
        Arguments of `build_fn`, `fit`, `predict` and `evaluate`.

    Examples
    --------
    >>> from pronghorn.layers import Dense
    >>> def build():
    ...     model = Sequential([Dense(1, input_shape=(2,))])
    ...     model.compile("adam", "mse")
    ...     return model
    >>> regressor = KerasRegressor(build, epochs=2, verbose=0)
    >>> history = regressor.fit(np.random.rand(20, 2), np.random.rand(20))
    >>> regressor.predict(np.random.rand(3, 2)).shape
    (3,)
    """

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """The prediction for each sample."""
        found = self._outputs(x, Sequential.predict, kwargs)
        return np.squeeze(found, axis=-1) if found.shape[-1] == 1 else found

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """The negative loss: higher is better."""
        results = self.model.evaluate(x, y, **self.filter_sk_params(Sequential.evaluate, kwargs))
        return -to_list(results)[0]
