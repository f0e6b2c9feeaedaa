"""Ten steps of training of a network of convolutions against tf-keras, by each algorithm."""

import pathlib

import numpy as np
import pytest
from golden.convolution_cases import network

import pronghorn
from pronghorn import config, optimizers

GOLDEN = np.load(pathlib.Path(__file__).parents[1] / "golden" / "convolutions.npz")


@pytest.mark.parametrize(
    "use, tolerance",
    [
        (False, 1e-5),
        (True, 2e-5),
        ("force", 5e-5),
        ("4x4_3x3", 5e-5),
        ("2x2_3x3", 1e-5),
        ("2x2_5x5", 5e-5),
        ("4x4_5x5", 5e-5),
        ("6x6_3x3", 5e-5),
    ],
)
def test_ten_steps(use, tolerance):
    before = config.winograd()
    config.set_winograd(use)
    try:
        model = network(pronghorn)
        model.set_weights([GOLDEN[f"start_{i}"] for i in range(len(model.weights))])
        model.compile(optimizers.SGD(0.05, momentum=0.9), "categorical_crossentropy")
        losses = [model.train_on_batch(x, y) for x, y in zip(GOLDEN["x"], GOLDEN["y"])]
    finally:
        config.set_winograd(before)
    np.testing.assert_allclose(losses, GOLDEN["losses"], rtol=tolerance)
    for i, found in enumerate(model.get_weights()):
        wanted = GOLDEN[f"end_{i}"]
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * np.abs(wanted).max())
