"""Connectionist temporal classification against the sum over all alignments, and its searches."""

import itertools

import numpy as np
import pytest
from gradients import check_gradients

from pronghorn import backend as K


def collapsed(path, blank):
    return [x for x, _ in itertools.groupby(path) if x != blank]


def probability_of(labels, probabilities):
    """Add up the probabilities of all paths that collapse to the labels."""
    steps, categories = probabilities.shape
    return sum(
        np.prod([probabilities[t, c] for t, c in enumerate(path)])
        for path in itertools.product(range(categories), repeat=steps)
        if collapsed(path, categories - 1) == list(labels)
    )


@pytest.fixture
def case():
    random = np.random.RandomState(0)
    y_pred = random.dirichlet(np.ones(3), (4, 5))
    y_true = np.array([[0, 1], [1, 1], [0, -1], [1, 0]])
    return y_true, y_pred, np.array([[5], [4], [2], [5]]), np.array([[2], [2], [1], [2]])


def test_cost_is_that_of_all_alignments(case):
    y_true, y_pred, steps, lengths = case
    cost = K.ctc_batch_cost(*case)
    assert cost.shape == (4, 1)
    for i in range(4):
        expected = -np.log(probability_of(y_true[i, : lengths[i, 0]], y_pred[i, : steps[i, 0]]))
        np.testing.assert_allclose(cost[i, 0], expected, atol=1e-5)


def test_gradient_of_the_cost(case):
    y_true, y_pred, steps, lengths = case
    check_gradients(lambda p: K.ctc_batch_cost(y_true, p, steps, lengths), y_pred, tolerance=1e-5)


def test_sparse_labels():
    labels = K.ctc_label_dense_to_sparse(np.array([[4, 5, -1], [6, -1, -1]]), np.array([2, 1]))
    np.testing.assert_array_equal(labels.indices, [[0, 0], [0, 1], [1, 0]])
    np.testing.assert_array_equal(labels.values, [4, 5, 6])
    np.testing.assert_array_equal(labels.dense_shape, [2, 3])
    with pytest.raises(TypeError, match="sparse"):
        K.ctc_label_dense_to_sparse(K.placeholder((2, 3)), np.array([2, 1]))


def test_greedy_labels_are_cut_to_the_longest():
    y_pred = np.eye(4)[[[0, 0, 3, 0, 1, 1], [3, 2, 2, 2, 3, 1]]]
    (labels,), score = K.ctc_decode(y_pred, np.array([6, 5]))
    np.testing.assert_array_equal(labels, [[0, 0, 1], [2, -1, -1]])
    np.testing.assert_allclose(score, 0, atol=1e-5)
    x = K.placeholder((None, 6, 4))
    paths, _ = K.ctc_decode(x, K.variable([6, 5], dtype="int32"))
    np.testing.assert_array_equal(K.function([x], paths)([y_pred])[0], labels)


def test_a_wide_search_finds_the_most_probable_labels(case):
    _, y_pred, _, _ = case
    paths, scores = K.ctc_decode(y_pred, np.full(4, 5), greedy=False, beam_width=100, top_paths=3)
    for row in range(4):
        found = [[x for x in path[row] if x >= 0] for path in paths]
        probabilities = [probability_of(labels, y_pred[row]) for labels in found]
        np.testing.assert_allclose(np.exp(scores[row]), probabilities, rtol=1e-4)
        assert probabilities == sorted(probabilities, reverse=True)
        every = {tuple(collapsed(p, 2)) for p in itertools.product(range(3), repeat=5)}
        best = max(probability_of(labels, y_pred[row]) for labels in every)
        np.testing.assert_allclose(probabilities[0], best)


def test_search_writes_neighbours_once_where_asked():
    y_pred = np.eye(3)[[[2, 0, 2, 0, 1, 2, 1]]]
    for merge, expected in ((False, [0, 0, 1, 1]), (True, [0, 1])):
        (path,), _ = K.ctc_decode(y_pred, np.array([7]), False, 1, 1, merge)
        np.testing.assert_array_equal(path, [expected])
    with pytest.raises(ValueError, match="beam_width"):
        K.ctc_decode(y_pred, np.array([7]), False, 1, 2)
