"""Losses and metrics compared with tf-keras: rows of (class, kind of data, arguments)."""

import numpy as np

LOSSES = {
    "mean_squared_error": ("MeanSquaredError", "real", {}),
    "mean_absolute_error": ("MeanAbsoluteError", "real", {}),
    "mean_absolute_percentage_error": ("MeanAbsolutePercentageError", "real", {}),
    "mean_squared_logarithmic_error": ("MeanSquaredLogarithmicError", "positive", {}),
    "huber": ("Huber", "real", {"delta": 0.7}),
    "logcosh": ("LogCosh", "real", {}),
    "poisson": ("Poisson", "positive", {}),
    "hinge": ("Hinge", "signs", {}),
    "hinge of 0 and 1": ("Hinge", "binary", {}),
    "squared_hinge": ("SquaredHinge", "signs", {}),
    "squared_hinge of 0 and 1": ("SquaredHinge", "binary", {}),
    "categorical_hinge": ("CategoricalHinge", "classes", {}),
    "kullback_leibler_divergence": ("KLDivergence", "distributions", {}),
    "cosine_similarity": ("CosineSimilarity", "real", {}),
    "binary_crossentropy": ("BinaryCrossentropy", "binary", {}),
    "binary_crossentropy of logits": ("BinaryCrossentropy", "binary_logits", {"from_logits": True}),
    "binary_crossentropy smoothed": ("BinaryCrossentropy", "binary", {"label_smoothing": 0.2}),
    "categorical_crossentropy": ("CategoricalCrossentropy", "classes", {}),
    "categorical_crossentropy of logits": ("CategoricalCrossentropy", "logits", {"from_logits": True}),
    "categorical_crossentropy smoothed": ("CategoricalCrossentropy", "classes", {"label_smoothing": 0.1}),
    "sparse_categorical_crossentropy": ("SparseCategoricalCrossentropy", "indices", {}),
    "sparse_categorical_crossentropy of logits": (
        "SparseCategoricalCrossentropy",
        "index_logits",
        {"from_logits": True},
    ),
}

METRICS = {
    "Accuracy": ("Accuracy", "equal", {}),
    "BinaryAccuracy": ("BinaryAccuracy", "binary", {}),
    "BinaryAccuracy 0.3": ("BinaryAccuracy", "binary", {"threshold": 0.3}),
    "CategoricalAccuracy": ("CategoricalAccuracy", "classes", {}),
    "SparseCategoricalAccuracy": ("SparseCategoricalAccuracy", "indices", {}),
    "TopKCategoricalAccuracy": ("TopKCategoricalAccuracy", "classes", {"k": 2}),
    "SparseTopKCategoricalAccuracy": ("SparseTopKCategoricalAccuracy", "indices", {"k": 2}),
    "MeanSquaredError": ("MeanSquaredError", "real", {}),
    "MeanAbsoluteError": ("MeanAbsoluteError", "real", {}),
    "MeanAbsolutePercentageError": ("MeanAbsolutePercentageError", "real", {}),
    "MeanSquaredLogarithmicError": ("MeanSquaredLogarithmicError", "positive", {}),
    "RootMeanSquaredError": ("RootMeanSquaredError", "real", {}),
    "CosineSimilarity": ("CosineSimilarity", "real", {}),
    "Hinge": ("Hinge", "binary", {}),
    "SquaredHinge": ("SquaredHinge", "signs", {}),
    "CategoricalHinge": ("CategoricalHinge", "classes", {}),
    "LogCoshError": ("LogCoshError", "real", {}),
    "Poisson": ("Poisson", "positive", {}),
    "KLDivergence": ("KLDivergence", "distributions", {}),
    "BinaryCrossentropy": ("BinaryCrossentropy", "binary", {}),
    "CategoricalCrossentropy": ("CategoricalCrossentropy", "classes", {}),
    "SparseCategoricalCrossentropy": ("SparseCategoricalCrossentropy", "indices", {}),
    "TruePositives": ("TruePositives", "binary", {"thresholds": [0.2, 0.5, 0.8]}),
    "FalsePositives": ("FalsePositives", "binary", {}),
    "TrueNegatives": ("TrueNegatives", "binary", {"thresholds": 0.3}),
    "FalseNegatives": ("FalseNegatives", "binary", {"thresholds": [0.2, 0.5, 0.8]}),
    "Precision": ("Precision", "binary", {}),
    "Precision top 2": ("Precision", "classes", {"top_k": 2}),
    "Precision of a class": ("Precision", "classes", {"class_id": 1, "thresholds": 0.2}),
    "Recall": ("Recall", "binary", {"thresholds": [0.2, 0.5, 0.8]}),
    "Recall top 1": ("Recall", "classes", {"top_k": 1}),
    "AUC": ("AUC", "binary", {}),
    "AUC 11 points": ("AUC", "binary", {"num_thresholds": 11, "summation_method": "majoring"}),
    "AUC minoring": ("AUC", "binary", {"thresholds": [0.1, 0.4, 0.7], "summation_method": "minoring"}),
    "AUC PR": ("AUC", "binary", {"curve": "PR"}),
    "AUC PR majoring": ("AUC", "binary", {"curve": "PR", "summation_method": "majoring"}),
    "MeanIoU": ("MeanIoU", "equal", {"num_classes": 3}),
}


def data_of(kind, seed=0, rows=12, classes=4):
    """Targets, predictions and weights of one kind: `(y_true, y_pred, sample_weight)`."""
    rng = np.random.RandomState(seed)
    logits = rng.randn(rows, classes).astype("float32")
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    indices = rng.randint(0, classes, (rows, 1))
    one_hot = np.eye(classes, dtype="float32")[indices[:, 0]]
    binary = rng.randint(0, 2, (rows, classes)).astype("float32")
    weights = rng.rand(rows).astype("float32")
    other = np.exp(rng.randn(rows, classes)).astype("float32")
    sigmoid = 1 / (1 + np.exp(-logits))
    found = {
        "real": (rng.randn(rows, classes).astype("float32"), logits),
        "positive": (other, np.exp(logits)),
        "signs": (2 * binary - 1, logits),
        "binary": (binary, sigmoid),
        "binary_logits": (binary, logits),
        "classes": (one_hot, probabilities),
        "logits": (one_hot, logits),
        "distributions": (other / other.sum(-1, keepdims=True), probabilities),
        "indices": (indices, probabilities),
        "index_logits": (indices, logits),
        "equal": (rng.randint(0, 3, rows), rng.randint(0, 3, rows)),
    }
    return (*found[kind], weights)
