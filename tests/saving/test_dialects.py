"""Configurations as Keras 1, Keras 2 and tf.keras wrote them are understood."""

import json
import warnings

import numpy as np
import pytest

from pronghorn import optimizers
from pronghorn.layers import Concatenate, Dense
from pronghorn.losses import BinaryCrossentropy
from pronghorn.models import Sequential, model_from_config, model_from_json, model_from_yaml
from pronghorn.regularizers import L1L2
from pronghorn.saving.dialects import in_keras2
from pronghorn.saving.training_config import compile_as, training_config


def _sequential(*layers):
    return {
        "class_name": "Sequential",
        "config": {
            "name": "m",
            "layers": [{"class_name": name, "config": config} for name, config in layers],
        },
    }


def _quietly(config):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return model_from_config(config)


TF_INITIALIZER = {"class_name": "GlorotUniform", "config": {"seed": None, "dtype": "float32"}}
TF_DENSE = {
    "name": "d",
    "trainable": True,
    "dtype": "float32",
    "units": 2,
    "activation": "relu",
    "use_bias": True,
    "kernel_initializer": TF_INITIALIZER,
    "bias_initializer": {"class_name": "Zeros", "config": {"dtype": "float32"}},
    "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.5}},
}


def test_layers_of_tf_keras():
    series = {"batch_input_shape": [None, 5, 3], "dtype": "float32", "sparse": False, "ragged": False}
    rnn = {
        "units": 2,
        "time_major": False,
        "zero_output_for_mask": False,
        "implementation": 2,
        "name": "g",
        "reset_after": True,
        "recurrent_initializer": {"class_name": "OrthogonalV2", "config": {}},
    }
    norm = {
        "name": "n",
        "axis": [2],
        "momentum": 0.9,
        "synchronized": False,
        "moving_mean_initializer": {"class_name": "ZerosV2", "config": {}},
    }
    model = _quietly(
        _sequential(
            ("InputLayer", {**series, "name": "x"}),
            ("GRU", {**rnn, "return_sequences": True}),
            ("BatchNormalization", norm),
            ("Dense", TF_DENSE),
        )
    )
    assert model.output_shape == (None, 5, 2)
    assert model.layers[1].axis == 2
    assert isinstance(model.layers[2].kernel_regularizer, L1L2)


@pytest.mark.parametrize(
    "dtype, expected",
    [
        ("float64", "float64"),
        ({"class_name": "Policy", "config": {"name": "mixed_float16"}}, "float32"),
        (
            {
                "module": "keras",
                "class_name": "DTypePolicy",
                "config": {"name": "float32"},
                "registered_name": None,
            },
            "float32",
        ),
        ("mixed_bfloat16", "float32"),
        ("float16", "float32"),
    ],
)
def test_policies_are_the_type_of_the_weights(dtype, expected):
    model = _quietly(_sequential(("Dense", {**TF_DENSE, "dtype": dtype, "batch_input_shape": [None, 3]})))
    assert model.layers[0].dtype == expected


@pytest.mark.parametrize(
    "name, option, value",
    [
        ("GRU", "time_major", True),
        ("Conv2D", "groups", 2),
        ("InputLayer", "ragged", True),
    ],
)
def test_what_is_not_supported_is_named(name, option, value):
    config = {
        "GRU": {"units": 2},
        "Conv2D": {"filters": 2, "kernel_size": 3},
        "InputLayer": {"batch_input_shape": [None, 3]},
    }[name]
    with pytest.raises(ValueError, match=rf'{name} "it": the file asks for {option}={value}'):
        in_keras2({"class_name": name, "config": {**config, "name": "it", option: value}})


def test_an_option_nobody_knows_is_an_error():
    with pytest.raises(TypeError, match="colour"):
        model_from_config(_sequential(("Dense", {**TF_DENSE, "colour": "red"})))


def test_functional_models_of_tf_keras():
    config = {
        "class_name": "Functional",
        "config": {
            "name": "model",
            "layers": [
                {
                    "class_name": "InputLayer",
                    "name": "x",
                    "inbound_nodes": [],
                    "config": {
                        "batch_input_shape": [None, 3],
                        "dtype": "float32",
                        "sparse": False,
                        "ragged": False,
                        "name": "x",
                    },
                },
                {
                    "class_name": "Dense",
                    "name": "d",
                    "config": TF_DENSE,
                    "inbound_nodes": [[["x", 0, 0, {}]]],
                },
            ],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["d", 0, 0]],
        },
    }
    assert _quietly(config).output_shape == (None, 2)


KERAS1 = {
    "class_name": "Model",
    "keras_version": "1.2.2",
    "config": {
        "name": "old",
        "input_layers": [["a", 0, 0], ["b", 0, 0]],
        "output_layers": [["out", 0, 0]],
        "layers": [
            {
                "class_name": "InputLayer",
                "name": "a",
                "inbound_nodes": [],
                "config": {
                    "batch_input_shape": [None, 8, 8, 3],
                    "input_dtype": "float32",
                    "sparse": False,
                    "name": "a",
                },
            },
            {
                "class_name": "InputLayer",
                "name": "b",
                "inbound_nodes": [],
                "config": {
                    "batch_input_shape": [None, 6, 3],
                    "input_dtype": "float32",
                    "sparse": False,
                    "name": "b",
                },
            },
            {
                "class_name": "Convolution2D",
                "name": "c",
                "inbound_nodes": [[["a", 0, 0]]],
                "config": {
                    "name": "c",
                    "trainable": True,
                    "nb_filter": 4,
                    "nb_row": 3,
                    "nb_col": 3,
                    "init": "glorot_uniform",
                    "activation": "relu",
                    "border_mode": "same",
                    "subsample": [2, 2],
                    "dim_ordering": "tf",
                    "bias": True,
                    "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.25},
                    "b_regularizer": None,
                    "activity_regularizer": None,
                    "W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0},
                    "b_constraint": None,
                },
            },
            {
                "class_name": "BatchNormalization",
                "name": "n",
                "inbound_nodes": [[["c", 0, 0]]],
                "config": {
                    "name": "n",
                    "trainable": True,
                    "mode": 0,
                    "axis": -1,
                    "epsilon": 1e-05,
                    "momentum": 0.99,
                    "gamma_regularizer": None,
                    "beta_regularizer": None,
                },
            },
            {
                "class_name": "MaxPooling2D",
                "name": "p",
                "inbound_nodes": [[["n", 0, 0]]],
                "config": {
                    "name": "p",
                    "trainable": True,
                    "pool_size": [2, 2],
                    "strides": [2, 2],
                    "border_mode": "valid",
                    "dim_ordering": "tf",
                },
            },
            {
                "class_name": "Flatten",
                "name": "f",
                "inbound_nodes": [[["p", 0, 0]]],
                "config": {"name": "f", "trainable": True},
            },
            {
                "class_name": "LSTM",
                "name": "l",
                "inbound_nodes": [[["b", 0, 0]]],
                "config": {
                    "name": "l",
                    "trainable": True,
                    "output_dim": 5,
                    "init": "glorot_uniform",
                    "inner_init": "orthogonal",
                    "forget_bias_init": "one",
                    "activation": "tanh",
                    "inner_activation": "hard_sigmoid",
                    "return_sequences": False,
                    "go_backwards": False,
                    "stateful": False,
                    "unroll": False,
                    "consume_less": "cpu",
                    "input_dim": 3,
                    "input_length": None,
                    "W_regularizer": None,
                    "U_regularizer": None,
                    "b_regularizer": None,
                    "dropout_W": 0.0,
                    "dropout_U": 0.0,
                },
            },
            {
                "class_name": "Merge",
                "name": "m",
                "inbound_nodes": [[["f", 0, 0], ["l", 0, 0]]],
                "config": {
                    "name": "m",
                    "mode": "concat",
                    "mode_type": "raw",
                    "concat_axis": -1,
                    "dot_axes": -1,
                    "output_shape": None,
                    "output_shape_type": "raw",
                    "output_mask": None,
                    "output_mask_type": "raw",
                    "arguments": {},
                },
            },
            {
                "class_name": "Dropout",
                "name": "dr",
                "inbound_nodes": [[["m", 0, 0]]],
                "config": {"name": "dr", "trainable": True, "p": 0.5},
            },
            {
                "class_name": "Dense",
                "name": "out",
                "inbound_nodes": [[["dr", 0, 0]]],
                "config": {
                    "name": "out",
                    "trainable": True,
                    "output_dim": 2,
                    "init": "uniform",
                    "activation": "softmax",
                    "W_regularizer": None,
                    "b_regularizer": None,
                    "activity_regularizer": None,
                    "W_constraint": None,
                    "b_constraint": None,
                    "bias": True,
                    "input_dim": 21,
                },
            },
        ],
    },
}


def test_a_model_of_keras1():
    model = _quietly(KERAS1)
    assert model.output_shape == (None, 2) and isinstance(model.get_layer("m"), Concatenate)
    conv = model.get_layer("c")
    assert conv.strides == (2, 2) and conv.padding == "same" and conv.kernel_constraint.max_value == 2
    assert np.isclose(conv.kernel_regularizer.l2, 0.25)
    lstm = model.get_layer("l")
    assert (
        lstm.units == 5
        and lstm.unit_forget_bias
        and lstm.get_config()["recurrent_activation"] == "hard_sigmoid"
    )
    assert model.get_layer("dr").rate == 0.5
    assert model.predict([np.ones((1, 8, 8, 3)), np.ones((1, 6, 3))]).shape == (1, 2)


def test_sequential_models_of_keras1_are_lists():
    dense = {
        "output_dim": 2,
        "init": "normal",
        "activation": "linear",
        "bias": True,
        "name": "d",
        "batch_input_shape": [None, 3],
        "input_dtype": "float32",
        "input_dim": 3,
        "trainable": True,
    }
    config = {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": dense}]}
    assert _quietly(config).output_shape == (None, 2)


@pytest.mark.parametrize(
    "mode, kind",
    [
        ("sum", "Add"),
        ("mul", "Multiply"),
        ("ave", "Average"),
        ("max", "Maximum"),
        ("concat", "Concatenate"),
        ("dot", "Dot"),
        ("cos", "Dot"),
    ],
)
def test_merge_of_keras1(mode, kind):
    made = in_keras2({"class_name": "Merge", "config": {"name": "m", "mode": mode, "dot_axes": 1}})
    assert made["class_name"] == kind and made["config"]["name"] == "m"


def test_a_merge_that_has_no_equal_is_named():
    with pytest.raises(ValueError, match='Merge "m" of Keras 1 with mode=.*code'):
        in_keras2({"class_name": "Merge", "config": {"name": "m", "mode": "code"}})


# --- training


def _compiled(**config):
    model = Sequential([Dense(1, input_shape=(3,))])
    compile_as(
        model,
        {"loss": "mse", "metrics": [], "optimizer_config": {"class_name": "SGD", "config": {}}, **config},
    )
    return model


@pytest.mark.parametrize(
    "class_name, config, expected",
    [
        ("SGD", {"lr": 0.5, "decay": 0.1, "momentum": 0.0, "nesterov": False}, ("learning_rate", 0.5)),
        ("sgd", {"learning_rate": 0.5}, ("learning_rate", 0.5)),
        ("Adam", {"lr": 0.5, "beta_1": 0.9, "beta_2": 0.99, "epsilon": None, "decay": 0.0}, ("beta_2", 0.99)),
        (
            "Custom>Adam",
            {
                "name": "Adam",
                "weight_decay": None,
                "clipnorm": None,
                "use_ema": False,
                "ema_momentum": 0.99,
                "jit_compile": True,
                "is_legacy_optimizer": False,
                "learning_rate": 0.5,
                "amsgrad": True,
            },
            ("amsgrad", True),
        ),
        (
            "RMSprop",
            {"name": "RMSprop", "learning_rate": 0.5, "momentum": 0.0, "centered": False, "rho": 0.8},
            ("rho", 0.8),
        ),
        ("Nadam", {"name": "Nadam", "learning_rate": 0.5, "decay": 0.01}, ("schedule_decay", 0.01)),
        ("SGD", {"name": "SGD", "learning_rate": 0.5, "global_clipnorm": 2.0}, ("clipnorm", 2.0)),
        (
            "LossScaleOptimizer",
            {
                "inner_optimizer": {"class_name": "SGD", "config": {"name": "SGD", "learning_rate": 0.5}},
                "dynamic": True,
            },
            ("learning_rate", 0.5),
        ),
    ],
)
def test_optimizers(class_name, config, expected):
    optimizer = _compiled(optimizer_config={"class_name": class_name, "config": config}).optimizer
    name, value = expected
    assert isinstance(optimizer, optimizers.Optimizer)
    assert np.isclose(optimizer.get_config()[name], value)


@pytest.mark.parametrize(
    "config, message",
    [
        ({"momentum": 0.5}, "RMSprop: the option momentum=0.5 is not supported"),
        ({"weight_decay": 0.1}, "weight_decay=0.1 is not supported"),
        ({"learning_rate": {"class_name": "ExponentialDecay", "config": {}}}, "schedule ExponentialDecay"),
        ({"class_name": "Ftrl"}, "the optimizer Ftrl is not supported"),
        ({"class_name": "Custom>AdamW"}, "the optimizer AdamW is not supported"),
    ],
)
def test_a_model_whose_optimizer_is_not_supported_is_not_compiled(config, message):
    name = config.pop("class_name", "RMSprop")
    with pytest.warns(UserWarning, match=f"was .not. compiled: .*{message}.*Compile it manually"):
        model = _compiled(optimizer_config={"class_name": name, "config": {"name": name, **config}})
    assert model.optimizer is None
    with pytest.raises(RuntimeError, match="You must compile"):
        model.train_on_batch(np.ones((2, 3)), np.ones((2, 1)))


@pytest.mark.parametrize("name", ["RMSprop", "Adagrad"])
def test_newer_classes_have_epsilon_under_the_root(name):
    config = {"name": name, "use_ema": False, "is_legacy_optimizer": False, "learning_rate": 0.5}
    model = _compiled(optimizer_config={"class_name": name, "config": config})
    assert model.optimizer.epsilon_under_root
    written = training_config(model)["optimizer_config"]["config"]
    assert written["is_legacy_optimizer"] is False and "decay" not in written
    older = _compiled(optimizer_config={"class_name": name, "config": {"learning_rate": 0.5}})
    assert not older.optimizer.epsilon_under_root
    assert "is_legacy_optimizer" not in training_config(older)["optimizer_config"]["config"]


def test_tf_keras_bounds_the_norm_of_each_gradient():
    config = {"name": "SGD", "learning_rate": 1.0, "clipnorm": 0.5}
    model = _compiled(optimizer_config={"class_name": "SGD", "config": config})
    before = model.get_weights()
    model.train_on_batch(np.ones((2, 3)), np.full((2, 1), 100.0))
    changes = [np.linalg.norm(a - b) for a, b in zip(before, model.get_weights())]
    np.testing.assert_allclose(changes, [0.5, 0.5], rtol=1e-5)
    written = training_config(model)["optimizer_config"]
    assert written["config"]["clipnorm"] == 0.5 and "name" in written["config"]
    assert _compiled(optimizer_config=written).optimizer.clipnorm_each == 0.5


def test_losses_and_metrics_of_tf_keras():
    loss = {
        "class_name": "BinaryCrossentropy",
        "config": {
            "reduction": "auto",
            "name": "bce",
            "from_logits": True,
            "label_smoothing": 0.1,
            "axis": -1,
            "fn": "binary_crossentropy",
        },
    }
    wrapped = {
        "class_name": "MeanMetricWrapper",
        "config": {"name": "acc", "dtype": "float32", "fn": "binary_accuracy"},
    }
    auc = {
        "class_name": "AUC",
        "config": {
            "name": "auc",
            "dtype": "float32",
            "num_thresholds": 200,
            "curve": "ROC",
            "summation_method": "interpolation",
            "multi_label": False,
            "num_labels": None,
            "label_weights": None,
            "from_logits": False,
        },
    }
    model = _compiled(loss=loss, metrics=[[wrapped, auc]], weighted_metrics=None)
    assert isinstance(model.loss, BinaryCrossentropy) and model.loss.reduction == "sum_over_batch_size"
    assert model.metrics_names == ["loss", "acc", "auc"]
    assert len(model.train_on_batch(np.ones((2, 3)), np.array([[0.0], [1.0]]))) == 3


@pytest.mark.parametrize(
    "loss",
    [
        "log_cosh",
        "kl_divergence",
        "huber",
        {
            "class_name": "LossFunctionWrapper",
            "config": {"fn": "mean_squared_error", "name": "x", "reduction": "auto"},
        },
    ],
)
def test_losses_by_their_later_names(loss):
    assert np.isfinite(_compiled(loss=loss).train_on_batch(np.ones((2, 3)), np.ones((2, 1))))


def test_json_and_yaml():
    pytest.importorskip("yaml")
    model = Sequential([Dense(2, input_shape=(3,), kernel_regularizer="l2")])
    for again in (model_from_json(model.to_json()), model_from_yaml(model.to_yaml())):
        assert again.get_config() == model.get_config()
    with pytest.raises(Exception, match="python/object"):
        model_from_yaml("!!python/object/apply:os.getcwd []")
    assert json.loads(model.to_json(indent=1))["keras_version"] == "2.3.1"
