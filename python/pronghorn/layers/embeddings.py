"""Embedding: integers to vectors."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..engine.base_layer import Layer
from ..utils.generic_utils import to_list
from ..utils.keras1_arguments import accepts_keras1
from .options import options_config, positive, set_options

_OPTIONS = (
    "embeddings_initializer",
    "embeddings_regularizer",
    "activity_regularizer",
    "embeddings_constraint",
)


class Embedding(Layer):
    """A vector for each integer from 0 to `input_dim` - 1.

    Parameters
    ----------
    input_dim : int
        Number of vectors: the largest integer plus one.
    output_dim : int
        Length of each vector.
    embeddings_initializer : initializer
    embeddings_regularizer, activity_regularizer : regularizer, optional
    embeddings_constraint : constraint, optional
    mask_zero : bool
        Whether 0 stands for padding and is masked for the layers that follow.
    input_length : int, optional
        Length of the sequences, where a later layer must know it.

    Examples
    --------
    >>> Embedding(1000, 64, input_length=10).compute_output_shape((None, 10))
    (None, 10, 64)
    """

    @accepts_keras1("embedding")
    def __init__(
        self,
        input_dim,
        output_dim,
        embeddings_initializer="uniform",
        embeddings_regularizer=None,
        activity_regularizer=None,
        embeddings_constraint=None,
        mask_zero=False,
        input_length=None,
        **kwargs,
    ):
        if "input_shape" not in kwargs:
            lengths = to_list(input_length, allow_tuple=True) if input_length else (None,)
            kwargs["input_shape"] = tuple(lengths)
        super().__init__(**kwargs)
        self.input_dim = positive(input_dim, "input_dim")
        self.output_dim = positive(output_dim, "output_dim")
        set_options(
            self,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            activity_regularizer=activity_regularizer,
            embeddings_constraint=embeddings_constraint,
        )
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.input_length = input_length

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            dtype=self.dtype,
        )
        self.built = True

    def call(self, inputs):
        return ops.take(self.embeddings, ops.cast(inputs, "int32"), axis=0)

    def compute_mask(self, inputs, mask=None):
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape):
        input_shape = tuple(input_shape)
        if self.input_length is None:
            return (*input_shape, self.output_dim)
        lengths = to_list(self.input_length, allow_tuple=True)
        given = input_shape[1:]
        fits = len(lengths) == len(given) and all(
            a is None or b is None or a == b for a, b in zip(lengths, given)
        )
        if not fits:
            raise ValueError(
                f'"input_length" is {self.input_length}, but received input has shape {input_shape}'
            )
        known = (size if length is None else length for length, size in zip(lengths, given))
        return (input_shape[0], *known, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            **options_config(self, *_OPTIONS),
            "mask_zero": self.mask_zero,
            "input_length": self.input_length,
        }
