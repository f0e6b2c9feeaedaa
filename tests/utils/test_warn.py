"""Warnings name the line that called the package, wherever in it they are given."""

import warnings

import pytest

from pronghorn.layers import Dense, Input, MaxoutDense, SimpleRNN
from pronghorn.models import Model, Sequential


def fit_by_keras1_name():
    model = Sequential([Dense(1, input_shape=(1,))])
    model.compile("sgd", "mse")
    model.fit([[1.0]], [[1.0]], nb_epoch=1, verbose=0)


def two_losses_for_three_outputs():
    x = Input((1,))
    Model(x, [Dense(1, name="a")(x), Dense(1, name="b")(x)]).compile("sgd", {"a": "mse"})


@pytest.mark.parametrize(
    "call",
    [
        fit_by_keras1_name,
        two_losses_for_three_outputs,
        lambda: MaxoutDense(1),
        lambda: SimpleRNN(1, implementation=2),
        lambda: Dense(output_dim=1),
    ],
)
def test_the_line_of_the_program_is_named(call):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    assert found and {warning.filename for warning in found} == {__file__}
