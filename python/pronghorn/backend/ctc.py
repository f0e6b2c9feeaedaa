"""Connectionist temporal classification (Graves et al., ICML 2006); the blank is the last category."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import config, ops
from ..ops import KerasTensor, operation
from .recurrence import unstack_time

__all__ = ["ctc_batch_cost", "ctc_decode", "ctc_label_dense_to_sparse"]

_NEVER = -1e30  # the logarithm of 0, kept finite so that its gradient is


class SparseLabels(NamedTuple):
    """Labels without their padding: where they stand, what they are, and the shape that they come from."""

    indices: np.ndarray
    values: np.ndarray
    dense_shape: np.ndarray


def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> SparseLabels:
    """Labels (samples, length) as positions and values of those that count.

    Examples
    --------
    >>> ctc_label_dense_to_sparse(np.array([[3, 4], [5, -1]]), np.array([2, 1])).values
    array([3, 4, 5])
    """
    if any(isinstance(x, KerasTensor) for x in (labels, label_lengths)):
        raise TypeError("ctc_label_dense_to_sparse needs arrays or variables: there are no sparse tensors")
    labels, lengths = np.asarray(labels), np.asarray(label_lengths).reshape(-1, 1)
    indices = np.argwhere(np.arange(labels.shape[1]) < lengths)
    return SparseLabels(indices, labels[tuple(indices.T)], np.array(labels.shape))


def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """Minus the logarithm of the probability of the labels, summed over all their alignments.

    Parameters
    ----------
    y_true : tensor
        (samples, longest label); what lies behind a label's length is not read.
    y_pred : tensor
        Probabilities (samples, time, categories).
    input_length, label_length : tensor
        (samples, 1): how many steps of `y_pred`, and how many labels of `y_true`, count.

    Returns
    -------
    tensor (samples, 1)

    Examples
    --------
    >>> certain = np.eye(3, dtype="float32")[[[0, 2, 1]]]
    >>> cost = ctc_batch_cost(np.array([[0, 1]]), certain, np.array([[3]]), np.array([[2]]))
    >>> bool(cost[0, 0] < 1e-4)
    True
    """
    return _batch_cost(y_true, y_pred, input_length, label_length)


@operation
def _batch_cost(y_true, y_pred, input_length, label_length):
    # alpha[s]: log probability of all alignments of the first steps with the first s symbols, where blanks
    # stand before, between and after the labels:
    #   alpha'[s] = log p(symbol s) + logsumexp(alpha[s], alpha[s-1], alpha[s-2])
    # and two symbols are passed at once only to a label that differs from the label before.
    rows, steps, categories = y_pred.shape
    longest = y_true.shape[1]
    labels = ops.cast(y_true, "int32")
    labels = ops.where(ops.less(labels, 0), categories - 1, labels)
    blanks = ops.full((rows, longest), categories - 1, "int32")
    symbols = ops.reshape(ops.stack([blanks, labels], axis=2), (rows, 2 * longest))
    symbols = ops.concatenate([symbols, blanks[:, :1]], axis=1)
    two_before = ops.concatenate([blanks[:, :1], blanks[:, :1], symbols[:, :-2]], axis=1)
    skips = ops.logical_and(ops.not_equal(symbols, categories - 1), ops.not_equal(symbols, two_before))
    log_probability = ops.log_softmax(ops.log(y_pred + config.epsilon()))
    chosen = ops.one_hot(symbols, categories, dtype=y_pred.dtype)
    emitted = ops.matmul(log_probability, ops.transpose(chosen, (0, 2, 1)))

    lengths = ops.cast(ops.reshape(input_length, (rows, 1)), "int32")
    none = ops.full((rows, 2), _NEVER, y_pred.dtype)
    first, *others = unstack_time(emitted)
    alpha = ops.concatenate([first[:, :2], ops.full((rows, 2 * longest - 1), _NEVER, y_pred.dtype)], axis=1)
    for step, log_p in enumerate(others, start=1):
        one = ops.concatenate([none[:, :1], alpha[:, :-1]], axis=1)
        two = ops.concatenate([none, alpha[:, :-2]], axis=1)
        two = ops.where(skips, two, _NEVER)
        moved = log_p + ops.logsumexp(ops.stack([alpha, one, two], axis=2), axis=2)
        alpha = ops.where(ops.less(step, lengths), moved, alpha)
    # The alignments end with the last label, or with the blank behind it.
    ends = ops.cast(ops.reshape(label_length, (rows, 1)), "int32") * 2
    places = ops.reshape(ops.arange(2 * longest + 1, dtype="int32"), (1, -1))
    ending = ops.logical_or(ops.equal(places, ends), ops.equal(places, ends - 1))
    return -ops.logsumexp(ops.where(ending, alpha, _NEVER), axis=1, keepdims=True)


def ctc_decode(
    y_pred: Any,
    input_length: Any,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = False,
) -> tuple[list, Any]:
    """The most probable labels, found in Python whenever they are asked for.

    Parameters
    ----------
    y_pred : tensor
        Probabilities (samples, time, categories).
    input_length : tensor
        (samples,): how many steps count.
    greedy : bool
        Whether to take the best category of each step, rather than to search for the best labels.
    beam_width : int
        How many prefixes the search keeps.
    top_paths : int
        How many of the best labels the search returns.
    merge_repeated : bool
        Whether to write equal neighbours among the labels found by the search once.

    Returns
    -------
    A list of labels (samples, longest) padded with -1, and a tensor: for the greedy way minus the sum of the
    logarithms of the chosen probabilities (samples, 1), else the log probabilities (samples, top_paths).
    Inside a graph labels are as wide as there are steps; they are cut to the longest where they are read.

    Examples
    --------
    >>> labels, _ = ctc_decode(np.eye(3, dtype="float32")[[[0, 0, 2, 1]]], np.array([4]))
    >>> labels[0]
    array([[0, 1]])
    """
    if not greedy and top_paths > beam_width:
        raise ValueError(f"ctc_decode: top_paths={top_paths} is more than beam_width={beam_width}")
    options = bool(greedy), int(beam_width), 1 if greedy else int(top_paths), bool(merge_repeated)
    *paths, score = _decoded(y_pred, input_length, *options)
    for i, path in enumerate(paths):
        if isinstance(path, KerasTensor):
            path._on_read = _cut
        elif isinstance(path, np.ndarray):
            paths[i] = _cut(path)
    return paths, score


@operation
def _decoded(y_pred, input_length, greedy, beam_width, top_paths, merge_repeated):
    rows, steps, _ = y_pred.shape

    def decode(probabilities, lengths):
        logits = np.log(probabilities + config.epsilon())
        paths = np.full((top_paths, rows, steps), -1, "int64")
        scores = np.zeros((rows, top_paths), logits.dtype)
        for row, length in enumerate(lengths.reshape(-1).astype(int)):
            found = (
                _best_categories(logits[row, :length])
                if greedy
                else _search(logits[row, :length], beam_width, top_paths, merge_repeated)
            )
            for k, (labels, score) in enumerate(found):
                paths[k, row, : len(labels)] = labels
                scores[row, k] = score
        return [*paths, scores]

    shapes = [(rows, steps)] * top_paths + [(rows, top_paths)]
    dtypes = ["int64"] * top_paths + [str(y_pred.dtype)]
    return ops.numpy_function(decode, [y_pred, input_length], shapes, dtypes)


def _cut(labels: np.ndarray) -> np.ndarray:
    """Take away the columns that are padding in all rows."""
    return labels[:, : int((labels >= 0).sum(1).max(initial=0))]


def _best_categories(logits: np.ndarray) -> list:
    best = logits.argmax(1)
    changes = np.append(True, best[1:] != best[:-1])[: len(best)]
    return [(best[changes & (best != logits.shape[1] - 1)], -logits.max(1).sum())]


def _search(logits: np.ndarray, beam_width: int, top_paths: int, merge_repeated: bool) -> list:
    """Prefix search: a beam of labels, each with the log probability of ending in a blank and in a label."""
    highest = logits.max(1, keepdims=True)
    log_p = logits - highest - np.log(np.exp(logits - highest).sum(1, keepdims=True))
    blank = logits.shape[1] - 1
    beam: dict = {(): (0.0, -np.inf)}
    for row in log_p:
        after: dict = {}

        def add(labels, ending_blank, ending_label, after=after):
            known = after.get(labels, (-np.inf, -np.inf))
            after[labels] = np.logaddexp(known[0], ending_blank), np.logaddexp(known[1], ending_label)

        for labels, (in_blank, in_label) in beam.items():
            either = np.logaddexp(in_blank, in_label)
            add(labels, either + row[blank], in_label + row[labels[-1]] if labels else -np.inf)
            for category in range(blank):
                repeated = bool(labels) and labels[-1] == category
                add((*labels, category), -np.inf, (in_blank if repeated else either) + row[category])
        beam = dict(sorted(after.items(), key=lambda item: -np.logaddexp(*item[1]))[:beam_width])
    best = sorted(((np.logaddexp(*ends), labels) for labels, ends in beam.items()), reverse=True)
    return [
        ([x for i, x in enumerate(labels) if not (merge_repeated and i and labels[i - 1] == x)], score)
        for score, labels in best[:top_paths]
    ]
