"""Keras 1 spellings: what they become, that they warn, and what is refused."""

import pytest

from pronghorn import layers

ROWS = [
    (
        "Dense",
        (),
        {"output_dim": 3, "init": "normal", "bias": False},
        (3,),
        {"kernel_initializer": "normal", "use_bias": False},
    ),
    (
        "Dense",
        (2,),
        {"W_regularizer": "l1", "b_constraint": "maxnorm"},
        (2,),
        {"kernel_regularizer": "l1", "bias_constraint": "maxnorm"},
    ),
    ("Dropout", (), {"p": 0.5}, (0.5,), {}),
    ("SpatialDropout2D", (), {"p": 0.5, "dim_ordering": "th"}, (0.5,), {"data_format": "channels_first"}),
    ("GaussianNoise", (), {"sigma": 0.5}, (0.5,), {}),
    ("GaussianDropout", (), {"p": 0.5}, (0.5,), {}),
    ("PReLU", (), {"init": "ones"}, ("ones",), {}),
    ("Embedding", (4, 2), {"init": "normal"}, (4, 2), {"embeddings_initializer": "normal"}),
    ("BatchNormalization", (), {"mode": 0, "gamma_init": "zeros"}, (), {"gamma_initializer": "zeros"}),
    (
        "Conv1D",
        (5,),
        {"filter_length": 3, "border_mode": "same", "subsample_length": 2},
        (5, 3),
        {"padding": "same", "strides": 2},
    ),
    ("Conv1D", (5, 3), {"input_dim": 6, "input_length": 9}, (5, 3), {"input_shape": (9, 6)}),
    (
        "Conv2D",
        (5, 3, 4),
        {"border_mode": "same", "dim_ordering": "tf"},
        (5, (3, 4)),
        {"padding": "same", "data_format": "channels_last"},
    ),
    ("Conv2D", (5, 3), {"nb_col": 4, "subsample": (2, 2)}, (5, (3, 4)), {"strides": (2, 2)}),
    ("Conv2D", (5,), {"nb_row": 3, "nb_col": 4}, (5, (3, 4)), {}),
    ("Conv2D", (), {"nb_filter": 5, "nb_row": 3, "nb_col": 4, "dim_ordering": "default"}, (5, (3, 4)), {}),
    ("Conv2DTranspose", (5, 3, 4, (None, 8, 8, 5)), {}, (5, (3, 4)), {}),
    ("Conv2DTranspose", (5, 3, 4), {"output_shape": (None, 8, 8, 5)}, (5, (3, 4)), {}),
    ("Conv3D", (5, 2, 3, 4), {"border_mode": "same"}, (5, (2, 3, 4)), {"padding": "same"}),
    ("Conv3D", (5,), {"kernel_dim1": 2, "kernel_dim2": 3, "kernel_dim3": 4}, (5, (2, 3, 4)), {}),
    (
        "SeparableConv2D",
        (5, 3, 3),
        {"init": "normal"},
        (5, (3, 3)),
        {"depthwise_initializer": "normal", "pointwise_initializer": "normal"},
    ),
    ("MaxPooling1D", (), {"pool_length": 3, "stride": 2}, (3,), {"strides": 2}),
    (
        "AveragePooling2D",
        (),
        {"border_mode": "same", "dim_ordering": "th"},
        (),
        {"padding": "same", "data_format": "channels_first"},
    ),
    ("MaxPooling3D", (), {"dim_ordering": "th"}, (), {"data_format": "channels_first"}),
    ("GlobalMaxPooling2D", (), {"dim_ordering": "th"}, (), {"data_format": "channels_first"}),
    ("UpSampling1D", (), {"length": 3}, (3,), {}),
    ("UpSampling3D", ((2, 2, 2),), {"dim_ordering": "th"}, ((2, 2, 2),), {"data_format": "channels_first"}),
    ("ZeroPadding2D", (), {"padding": {"top_pad": 1, "right_pad": 2}}, (((1, 0), (0, 2)),), {}),
    ("ZeroPadding2D", ({"bottom_pad": 1},), {}, (((0, 1), (0, 0)),), {}),
    ("Cropping3D", (), {"dim_ordering": "th"}, (), {"data_format": "channels_first"}),
]


def config_of(name, args, kwargs):
    return getattr(layers, name)(*args, name="same", **kwargs).get_config()


@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row[0]}" for i, row in enumerate(ROWS)])
def test_conversion(row):
    name, old_args, old_kwargs, args, kwargs = row
    with pytest.warns(UserWarning, match=f"Update your `{name}` call to the Keras 2 API: `{name}"):
        old = config_of(name, old_args, old_kwargs)
    assert old == config_of(name, args, kwargs)


def test_new_spellings_do_not_warn(recwarn):
    layers.Dense(units=3)
    layers.Conv2D(3, (3, 3), padding="same")
    layers.Conv2D(3, 3)
    assert not recwarn.list


def test_warning_shows_the_new_call():
    with pytest.warns(UserWarning) as record:
        layers.Conv2D(5, 3, 3, border_mode="same")
    assert str(record[0].message).endswith('`Conv2D(5, padding="same", kernel_size=(3, 3))`')


def test_dropout_of_embedding_is_ignored():
    with pytest.warns(UserWarning, match="SpatialDropout1D"):
        layers.Embedding(4, 2, dropout=0.2)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: layers.Dense(2, "relu"), "positional arguments"),
        (lambda: layers.Dense(2, units=3, output_dim=4), "multiple values|both"),
        (lambda: layers.Dense(output_dim=2, units=3), "both"),
        (lambda: layers.Conv2D(2, (3, 3), (2, 2)), "positional"),
        (lambda: layers.Conv2D(2, 3, 3, 3, 3), "positional"),
        (lambda: layers.BatchNormalization(1), "positional"),
        (lambda: layers.BatchNormalization(mode=1), "mode"),
    ],
)
def test_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_ambiguous_integers():
    with pytest.raises(ValueError, match="kernel_size"):
        layers.Conv2D(2, 3, 3, padding="same")
