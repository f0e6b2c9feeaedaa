"""What users pass as data, brought into order: one array per input or output, of the shapes expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config
from ..utils.generic_utils import to_list
from .disk_rows import DiskRows, is_on_disk

# What the batch loop of the core reads rows of; everything else is converted once, before the first batch.
_CORE_DTYPES = {np.dtype(name) for name in ("float32", "float64", "int32", "int64", "uint8", "bool")}


def to_array(x: Any, what: str) -> np.ndarray | DiskRows | None:
    """`x` as a NumPy array of at least two axes, or `DiskRows` of a dataset; `what` names it in errors."""
    if x is None:
        return None
    if is_on_disk(x) and x.shape and np.dtype(x.dtype).kind in "biuf":
        return x if isinstance(x, DiskRows) else DiskRows(x)
    if hasattr(x, "toarray"):  # a sparse matrix of SciPy
        x = x.toarray()
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"Error when checking {what}: expected an array of numbers, but got dtype {array.dtype} with "
            f"shape {array.shape}. Strings and objects have to be turned into numbers first, and rows of "
            "different lengths into rows of one length (`preprocessing.sequence.pad_sequences`)."
        )
    return array[:, np.newaxis] if array.ndim == 1 else array


def as_source(array: np.ndarray, dtype: str) -> np.ndarray:
    """`array` such that the core can gather its rows: with dense rows and of a dtype it knows.

    Only arrays that are not so already are copied; all others are cast row by row as the batches are
    gathered.
    """
    if array.dtype not in _CORE_DTYPES or not array.dtype.isnative:
        array = array.astype(dtype)
    if array.size and array[0].flags.c_contiguous:
        return array
    return np.ascontiguousarray(array)


def standardize_input_data(
    data: Any,
    names: Sequence[str],
    shapes: Any = None,
    check_batch_axis: bool = True,
    exception_prefix: str = "",
) -> list:
    """Brings arrays given singly, as a list or as a dictionary into the order of `names` and checks their
    shapes.

    Parameters
    ----------
    data : array, list or dict
        What the user passed.
    names : sequence of str
        Names of the inputs or outputs.
    shapes : list of tuple, optional
        Expected shape of each; None stands for any shape, and within a shape for any size.
    check_batch_axis : bool
        Whether the first size has to be as expected too.
    exception_prefix : str
        "input" or "target", for errors.

    Examples
    --------
    >>> [array.shape for array in standardize_input_data([1.0, 2.0], ["x"], [(None, 1)])]
    [(2, 1)]
    """
    if not names:
        if data is not None and hasattr(data, "__len__") and len(data):
            raise ValueError(
                f"Error when checking model {exception_prefix}: expected no data, but got: {data}"
            )
        return []
    if data is None:
        return [None for _ in names]
    data = _as_list(data, names, exception_prefix)
    arrays = [to_array(x, f"model {exception_prefix}") for x in data]
    if shapes:
        for array, name, shape in zip(arrays, names, shapes):
            if array is not None and shape is not None:
                _check_shape(array, name, tuple(shape), check_batch_axis, exception_prefix)
    return arrays


def _as_list(data, names, exception_prefix):
    if isinstance(data, dict):
        missing = [name for name in names if name not in data]
        if missing:
            raise ValueError(
                f'No data provided for "{missing[0]}". Need data for each key in: {list(names)}, '
                f"but got: {list(data)}"
            )
        return [data[name] for name in names]
    if not isinstance(data, (list, tuple)):
        return [data]
    data = list(data)
    if not data:
        raise ValueError(
            f"Error when checking model {exception_prefix}: expected data, but got an empty list."
        )
    if isinstance(data[0], (list, tuple)):
        # A list of lists is a list of arrays where it has as many entries as the model has inputs, else one
        # array.
        data = [np.asarray(x) for x in data] if len(data) == len(names) else [np.asarray(data)]
    elif len(names) == 1 and np.isscalar(data[0]):
        data = [np.asarray(data)]
    if len(data) != len(names):
        found = f"{len(data)} arrays: {_shapes(data)}"
        raise ValueError(
            f"Error when checking model {exception_prefix}: the list of Numpy arrays that you are passing to "
            f"your model is not the size the model expected. Expected to see {len(names)} array(s) "
            f"({', '.join(names)}), but instead got the following list of {found}"
        )
    return data


def _shapes(arrays):
    return [tuple(np.shape(x)) for x in arrays]


def _check_shape(array, name, shape, check_batch_axis, exception_prefix):
    if array.ndim != len(shape):
        raise ValueError(
            f"Error when checking {exception_prefix}: expected {name} to have {len(shape)} dimensions, "
            f"{shape}, but got array with shape {array.shape}"
        )
    first = 0 if check_batch_axis else 1
    expected, found = shape[first:], array.shape[first:]
    if any(want and want != have for want, have in zip(expected, found)):
        raise ValueError(
            f"Error when checking {exception_prefix}: expected {name} to have shape {expected} "
            f"but got array with shape {found}"
        )


def standardize_sample_or_class_weights(x_weight: Any, output_names: Sequence[str], weight_type: str) -> list:
    """One entry of sample or class weights per output, None where an output has none."""
    if x_weight is not None and not hasattr(x_weight, "__len__"):
        raise TypeError(
            f"`{weight_type}` should be an array, a list or a dictionary; got {x_weight!r} "
            f"of type {type(x_weight).__name__}."
        )
    if x_weight is None or len(x_weight) == 0:
        return [None for _ in output_names]
    if len(output_names) == 1:
        if isinstance(x_weight, (list, tuple)) and len(x_weight) == 1 and not np.isscalar(x_weight[0]):
            return list(x_weight)
        if isinstance(x_weight, dict) and output_names[0] in x_weight:
            return [x_weight[output_names[0]]]
        return [x_weight]
    if isinstance(x_weight, list):
        if len(x_weight) != len(output_names):
            raise ValueError(
                f"Provided `{weight_type}` was a list of {len(x_weight)} elements, but the model has "
                f"{len(output_names)} outputs. You should provide one `{weight_type}` array per model output."
            )
        return list(x_weight)
    if isinstance(x_weight, dict):
        unknown = [name for name in x_weight if name not in output_names]
        if unknown:
            raise ValueError(
                f"Unknown entries in `{weight_type}` dictionary: {unknown}. "
                f"The model's outputs are: {list(output_names)}"
            )
        return [x_weight.get(name) for name in output_names]
    raise TypeError(
        f"The model has multiple outputs, so `{weight_type}` should be either a list or a dict. "
        f"Provided `{weight_type}` type not understood: {x_weight}"
    )


def standardize_class_weights(class_weight: dict | None, output_names: Sequence[str]) -> list:
    """One dictionary of class weights per output."""
    return standardize_sample_or_class_weights(class_weight, output_names, "class_weight")


def standardize_sample_weights(sample_weight: Any, output_names: Sequence[str]) -> list:
    """One array of sample weights per output."""
    return standardize_sample_or_class_weights(sample_weight, output_names, "sample_weight")


def combine_weights(
    y: Any, sample_weight: Any = None, class_weight: dict | None = None, sample_weight_mode: Any = None
) -> np.ndarray | None:
    """The weights of an output's samples (or timesteps): sample weights times class weights; None without
    any.

    Parameters
    ----------
    y : array
        Targets.
    sample_weight : array, optional
        Of shape `(samples,)`, or `(samples, timesteps)` in the mode "temporal".
    class_weight : dict, optional
        From class index to weight.
    sample_weight_mode : {None, "temporal"}
        What the model was compiled with.

    Examples
    --------
    >>> combine_weights(np.array([[0], [1]]), class_weight={0: 1.0, 1: 5.0})
    array([1., 5.])
    """
    if sample_weight is not None:
        sample_weight = np.asarray(sample_weight)
    _check_weight_mode(y, sample_weight, sample_weight_mode)
    if sample_weight is not None and y.shape[: sample_weight.ndim] != sample_weight.shape:
        raise ValueError(
            f"Found a sample_weight array with shape {sample_weight.shape} for an input with shape "
            f"{y.shape}. sample_weight cannot be broadcast."
        )
    if not isinstance(class_weight, dict):
        if class_weight is not None:
            raise TypeError(
                f"`class_weight` should be a dictionary, class index to weight; got: {class_weight}"
            )
        return sample_weight
    of_class = _weights_of_classes(y, class_weight)
    if sample_weight is None:
        return of_class
    return sample_weight * (of_class[:, np.newaxis] if sample_weight.ndim == 2 else of_class)


def standardize_weights(
    y: Any, sample_weight: Any = None, class_weight: dict | None = None, sample_weight_mode: Any = None
) -> np.ndarray:
    """As `combine_weights`, with ones where there are no weights."""
    weights = combine_weights(y, sample_weight, class_weight, sample_weight_mode)
    if weights is not None:
        return weights
    return np.ones(y.shape[: 1 if sample_weight_mode is None else 2], dtype=config.floatx())


def _check_weight_mode(y, sample_weight, mode):
    if mode is not None:
        if mode != "temporal":
            raise ValueError(f'"sample_weight_mode should be None or "temporal". Found: {mode}')
        if y.ndim < 3:
            raise ValueError(
                f"Found a sample_weight array for an input with shape {y.shape}. Timestep-wise sample "
                "weighting "
                '(use of sample_weight_mode="temporal") is restricted to outputs that are at least 3D, '
                "i.e. that have a time dimension."
            )
        if sample_weight is not None and sample_weight.ndim != 2:
            raise ValueError(
                f"Found a sample_weight array with shape {sample_weight.shape}. In order to use "
                "timestep-wise sample weighting, you should pass a 2D sample_weight array."
            )
    elif sample_weight is not None and sample_weight.ndim != 1:
        raise ValueError(
            f"Found a sample_weight array with shape {sample_weight.shape}. In order to use timestep-wise "
            "sample "
            'weights, you should specify sample_weight_mode="temporal" in compile(). If you just mean to use '
            "sample-wise weights, make sure your sample_weight array is 1D."
        )


def _weights_of_classes(y, class_weight):
    if isinstance(y, DiskRows):
        parts = [y[start : start + 65536] for start in range(0, len(y), 65536)]
        return np.concatenate([_weights_of_classes(np.asarray(part), class_weight) for part in parts])
    if y.ndim > 2:
        raise ValueError(
            f"`class_weight` not supported for 3+ dimensional targets. Got targets with shape {y.shape}."
        )
    classes = np.argmax(y, axis=1) if y.ndim == 2 and y.shape[1] > 1 else np.reshape(y, y.shape[0])
    found, positions = np.unique(classes, return_inverse=True)
    missing = {int(c) for c in found if c not in class_weight}
    if missing:
        raise ValueError(
            "`class_weight` must contain all classes in the data. "
            f"The classes {missing} exist in the data but not in `class_weight`, which has "
            f"{set(class_weight)}."
        )
    return np.array([float(class_weight[c]) for c in found])[positions.reshape(-1)]


def check_array_length_consistency(inputs: Any, targets: Any, weights: Any = None) -> None:
    """Raises ValueError unless all arrays have the same number of rows."""

    def lengths(arrays):
        if arrays is None:
            return {0}
        return {0 if array is None else len(array) for array in to_list(arrays)}

    of_inputs, of_targets, of_weights = lengths(inputs), lengths(targets), lengths(weights)
    if len(of_inputs) > 1:
        raise ValueError(
            "All input arrays (x) should have the same number of samples. "
            f"Got array shapes: {_shapes(inputs)}"
        )
    if len(of_targets) > 1:
        raise ValueError(
            "All target arrays (y) should have the same number of samples. "
            f"Got array shapes: {_shapes(targets)}"
        )
    if of_inputs and of_targets and of_inputs != of_targets:
        raise ValueError(
            "Input arrays should have the same number of samples as target arrays. "
            f"Found {of_inputs.pop()} input samples and {of_targets.pop()} target samples."
        )
    if len(of_weights) > 1:
        raise ValueError(
            "All sample_weight arrays should have the same number of samples. "
            f"Got array shapes: {_shapes(weights)}"
        )
    if of_targets and of_weights and of_targets != of_weights:
        raise ValueError(
            "Sample_weight arrays should have the same number of samples as target arrays. "
            f"Got {of_targets.pop()} input samples and {of_weights.pop()} target samples."
        )


def batch_shuffle(index_array: np.ndarray, batch_size: int) -> np.ndarray:
    """Shuffles whole batches of indices; those that fill no batch stay at the end.

    Examples
    --------
    >>> batch_shuffle(np.arange(5), 5).tolist()
    [0, 1, 2, 3, 4]
    """
    count = len(index_array) // batch_size
    batches = index_array[: count * batch_size].reshape(count, batch_size)
    np.random.shuffle(batches)
    return np.append(batches.ravel(), index_array[count * batch_size :])


def make_batches(size: int, batch_size: int) -> list[tuple[int, int]]:
    """First and last row (exclusive) of each batch.

    Examples
    --------
    >>> make_batches(5, 2)
    [(0, 2), (2, 4), (4, 5)]
    """
    return [(start, min(size, start + batch_size)) for start in range(0, size, batch_size)]
