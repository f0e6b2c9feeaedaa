"""Masks in files of tf.keras and Keras 3: outputs are 0 there, and layers that know no masks end them."""

import io
import json
import zipfile

import numpy as np
import pytest

from pronghorn.layers import GRU, LSTM, Bidirectional, Embedding, Flatten
from pronghorn.models import Sequential, load_model
from pronghorn.saving.dialects import in_keras2

X = np.array([[1, 2, 0, 0], [3, 0, 0, 0], [1, 2, 3, 4]])


@pytest.mark.parametrize("kind", [LSTM, GRU])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_outputs_are_zero_where_masked(kind, go_backwards):
    first = Embedding(5, 3, mask_zero=True, input_length=4)
    options = {"return_sequences": True, "go_backwards": go_backwards}
    plain, zeroed = (
        Sequential([first, kind(2, **options, **more)]) for more in ({}, {"zero_output_for_mask": True})
    )
    zeroed.layers[1].set_weights(plain.layers[1].get_weights())
    mask = (X != 0)[:, ::-1] if go_backwards else X != 0
    np.testing.assert_array_equal(zeroed.predict(X), np.where(mask[..., None], plain.predict(X), 0))
    assert zeroed.layers[1].get_config()["zero_output_for_mask"]
    assert "zero_output_for_mask" not in plain.layers[1].get_config()


def test_layers_in_bidirectional():
    def inner(**more):
        layer = {"class_name": "LSTM", "config": {"units": 2, "return_sequences": True, **more}}
        found = in_keras2({"class_name": "Bidirectional", "config": {"layer": layer, "merge_mode": "sum"}})
        return found["config"]["layer"]["config"]

    assert inner(time_major=False)["zero_output_for_mask"]  # tf.keras
    assert inner(zero_output_for_mask=False, seed=None)["zero_output_for_mask"]  # Keras 3
    assert "zero_output_for_mask" not in inner()
    assert "zero_output_for_mask" not in inner(time_major=False, return_sequences=False)
    made = Bidirectional.from_config({"layer": {"class_name": "LSTM", "config": inner(time_major=False)}})
    assert made.forward_layer.zero_output_for_mask and made.backward_layer.zero_output_for_mask


def test_masks_end_at_layers_that_know_none(tmp_path):
    pytest.importorskip("h5py")
    with pytest.raises(TypeError, match="does not support masking"):
        Sequential([Embedding(5, 3, mask_zero=True, input_length=4), Flatten()])
    model = Sequential([Embedding(5, 3, input_length=4), Flatten()])
    model.save(tmp_path / "a.keras")
    changed = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "a.keras") as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["config"]["layers"][1]["config"]["mask_zero"] = True
                content = json.dumps(config)
            new.writestr(name, content)
    changed.seek(0)
    np.testing.assert_array_equal(load_model(changed).predict(X), model.predict(X))
