"""Serving ``import keras`` from this package, inside a program or for a whole script."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types

_PACKAGE = __name__.rpartition(".")[0]

# Modules of Keras 2 that have another name here. A module that is neither in this table nor in the package is
# served by its nearest parent that is: `keras.layers.core` by `pronghorn.layers`.
_RENAMED = {
    "backend.common": "config",
    "legacy": "layers",
    "legacy.interfaces": "utils.keras1_arguments",
    "legacy.layers": "layers",
    "objectives": "losses",
}

# The modules of Keras 2.3.1, so that a misspelt import still fails.
_KERAS_MODULES = {
    f"{package}.{module}".strip(".")
    for package, modules in {
        "": "activations applications backend callbacks constraints datasets engine initializers layers "
        "legacy losses metrics models objectives optimizers preprocessing regularizers utils wrappers",
        "applications": "densenet imagenet_utils inception_resnet_v2 inception_v3 mobilenet mobilenet_v2 "
        "nasnet resnet resnet50 resnet_v2 vgg16 vgg19 xception",
        "backend": "common load_backend tensorflow_backend",
        "callbacks": "callbacks tensorboard_v1 tensorboard_v2",
        "datasets": "boston_housing cifar cifar10 cifar100 fashion_mnist imdb mnist reuters",
        "engine": "base_layer input_layer network saving sequential topology training training_arrays "
        "training_generator training_utils",
        "layers": "advanced_activations convolutional convolutional_recurrent core cudnn_recurrent "
        "embeddings local merge noise normalization pooling recurrent wrappers",
        "legacy": "interfaces layers",
        "preprocessing": "image sequence text",
        "utils": "conv_utils data_utils generic_utils io_utils layer_utils losses_utils metrics_utils "
        "multi_gpu_utils np_utils test_utils vis_utils",
        "wrappers": "scikit_learn",
    }.items()
    for module in modules.split()
}


def as_keras(override=False):
    """Serve every later ``import keras`` and ``from keras... import ...`` of this process from this package.

    The modules are the same objects under a second name: ``keras.layers is pronghorn.layers``.

    Parameters
    ----------
    override : bool
        Take the place of another Keras that has been imported already; its objects stay where they are held.

    Returns
    -------
    module
        This package.

    Raises
    ------
    ImportError
        Another Keras has been imported already, and `override` is False.

    Examples
    --------
    >>> import pronghorn
    >>> keras = pronghorn.as_keras()
    >>> from keras.datasets import digits
    >>> digits is pronghorn.datasets.digits
    True
    """
    ours = importlib.import_module(_PACKAGE)
    present = sys.modules.get("keras")
    if present is not None and present is not ours:
        if not override:
            where = getattr(present, "__file__", "an unknown file")
            raise ImportError(
                f"another Keras has been imported already, from {where}: call `as_keras()` before the first "
                "`import keras`, or `as_keras(override=True)` to replace it"
            )
        for name in [name for name in sys.modules if name == "keras" or name.startswith("keras.")]:
            del sys.modules[name]
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    return importlib.import_module("keras")


def _find(name):
    """Return the name of the module here that serves ``keras.<name>``, and whether it is the very one."""
    target = _RENAMED.get(name, name)
    exact = True
    while target:
        try:
            if importlib.util.find_spec(f"{_PACKAGE}.{target}") is not None:
                return f"{_PACKAGE}.{target}", exact
        except ModuleNotFoundError:
            pass  # the parent is a plain module
        if name not in _KERAS_MODULES:
            return None, False
        target, exact = target.rpartition(".")[0], False
    return _PACKAGE, name == ""


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads ``keras`` and what is below it: modules of this package under a second name."""

    def find_spec(self, fullname, path=None, target=None):
        root, _, name = fullname.partition(".")
        if root != "keras":
            return None
        served_by, exact = _find(name)
        if served_by is None:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        spec.loader_state = (importlib.import_module(served_by), exact)
        return spec

    def create_module(self, spec):
        module, exact = spec.loader_state
        if exact:
            # The import system stamps its own spec on the module; exec_module puts the true one back.
            spec.loader_state = (module, module.__spec__)
            return module
        # A module of its own, since the import system makes it an attribute of the parent that serves it.
        return _Stand(spec.name, module)

    def exec_module(self, module):
        if not isinstance(module, _Stand):
            module.__spec__ = module.__spec__.loader_state[1]


class _Stand(types.ModuleType):
    """Stands for a module of Keras that is not one here; reads every name from the nearest parent that is."""

    def __init__(self, name, served_by):
        super().__init__(name, served_by.__doc__)
        self.__dict__["_served_by"] = served_by
        self.__path__ = []

    def __getattr__(self, name):
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        try:
            return getattr(self._served_by, name)
        except AttributeError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None

    def __dir__(self):
        return dir(self._served_by)
