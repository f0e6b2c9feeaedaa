"""Networks in files: methods that save and load, pickle and copy."""

from __future__ import annotations

from typing import Any


class NetworkFiles:
    """The part of a network that writes it to files and copies it."""

    def save(self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Write the model to a file: architecture, weights, what it was compiled with, the optimizer's state.

        Parameters
        ----------
        filepath
            Path, h5py file or group, or an object with a ``write`` method that takes bytes.
        overwrite
            Whether to replace a file without asking.
        include_optimizer
            Whether what the model was compiled with goes into the file.

        Examples
        --------
        >>> import os, tempfile
        >>> from pronghorn.layers import Dense
        >>> from pronghorn.models import Sequential, load_model
        >>> path = os.path.join(tempfile.mkdtemp(), "model.h5")
        >>> Sequential([Dense(2, input_shape=(3,))]).save(path)
        >>> load_model(path, compile=False).output_shape
        (None, 2)
        """
        from ..saving.model_files import save_model

        save_model(self, filepath, overwrite, include_optimizer)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a file.

        Parameters
        ----------
        filepath
            Path, h5py file or group, or an object with a ``write`` method that takes bytes.
        overwrite
            Whether to replace a file without asking.
        """
        from ..saving.model_files import save_weights

        save_weights(self, filepath, overwrite)

    def load_weights(
        self, filepath: Any, by_name: bool = False, skip_mismatch: bool = False, reshape: bool = False
    ) -> None:
        """Set the weights to those in a file of weights, or of a whole model.

        Parameters
        ----------
        filepath
            Path, h5py file or group, or an object with a ``read`` method that gives bytes.
        by_name
            Whether layers are found by name; else they are taken in order, those without weights passed over.
        skip_mismatch
            Whether weights that do not fit are passed over with a warning; only together with `by_name`.
        reshape
            Whether arrays of another shape, but the same number of elements, are taken.
        """
        from ..saving.model_files import load_weights

        load_weights(self, filepath, by_name, skip_mismatch, reshape)

    def __reduce__(self) -> Any:
        from ..saving.model_pickle import pickle_model, unpickle_model

        return unpickle_model, (pickle_model(self),)

    def __deepcopy__(self, memo: dict) -> Any:
        from ..saving.model_pickle import copy_model

        return copy_model(self)
