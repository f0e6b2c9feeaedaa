"""Objects to configurations and back, by class name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from .arguments import has_arg

_CUSTOM_OBJECTS: dict[str, Any] = {}
_REGISTERED: dict[str, Any] = {}  # by "package>name"; out of the reach of scopes


class CustomObjectScope:
    """Make custom classes and functions known by name inside a ``with`` block.

    Whatever changes inside, the registry is as before when the block ends.

    Examples
    --------
    >>> with CustomObjectScope({"twice": lambda x: 2 * x}):
    ...     get_custom_objects()["twice"](4)
    8
    """

    def __init__(self, *args: Mapping[str, Any] | None):
        self.custom_objects = args
        self.backup: dict[str, Any] = {}

    def __enter__(self) -> CustomObjectScope:
        self.backup = _CUSTOM_OBJECTS.copy()
        for objects in self.custom_objects:
            _CUSTOM_OBJECTS.update(objects or {})
        return self

    def __exit__(self, *exception: Any) -> None:
        _CUSTOM_OBJECTS.clear()
        _CUSTOM_OBJECTS.update(self.backup)


def custom_object_scope(*args: Mapping[str, Any]) -> CustomObjectScope:
    """Return a :class:`CustomObjectScope` over the given dictionaries.

    Examples
    --------
    >>> with custom_object_scope({"half": lambda x: x / 2}):
    ...     get_custom_objects()["half"](4)
    2.0
    """
    return CustomObjectScope(*args)


def get_custom_objects() -> dict[str, Any]:
    """Return the registry itself: name → class or function; it may be changed.

    Examples
    --------
    >>> get_custom_objects()["one"] = lambda x: 1
    >>> del get_custom_objects()["one"]
    """
    return _CUSTOM_OBJECTS


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Enter a class or function for good, as a decorator: files that name it are read without more ado.

    Parameters
    ----------
    package
        Whose it is; files name it ``package>name``.
    name
        Its name; that of the class or function where not given.

    Examples
    --------
    >>> @register_keras_serializable("shop")
    ... def twice(x):
    ...     return 2 * x
    >>> get_registered_name(twice), get_registered_object("shop>twice")(4)
    ('shop>twice', 8)
    """

    def register(target: Any) -> Any:
        if isinstance(target, type) and not hasattr(target, "get_config"):
            raise ValueError(
                f"Cannot register a class that does not have a get_config() method: {target.__name__}"
            )
        key = f"{package}>{name or target.__name__}"
        known = _REGISTERED.get(key)
        if known is not None and known.__qualname__ != target.__qualname__:
            raise ValueError(f"{key} has already been registered to {known}")
        _REGISTERED[key] = target
        return target

    return register


def get_registered_name(obj: Any) -> str:
    """Return the name that files have for a class or function: the registered one, or its own.

    Examples
    --------
    >>> get_registered_name(len)
    'len'
    """
    for name, registered in _REGISTERED.items():
        if registered is obj:
            return name
    return obj.__name__


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """Return the class or function of a name, or None.

    Parameters
    ----------
    name
        Name of the object, or ``package>name``.
    custom_objects, module_objects
        More places to look in.

    Examples
    --------
    >>> get_registered_object("ten", {"ten": 10})
    10
    """
    for known in (custom_objects, _CUSTOM_OBJECTS, _REGISTERED, module_objects):
        if known and name in known:
            return known[name]
    return None


def nameable(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a module's names configurations may use: what it is there for, not its helpers.

    Parameters
    ----------
    namespace
        ``globals()`` of the module.

    Examples
    --------
    >>> nameable({"get": len, "len": len, "_hidden": nameable})
    {}
    """
    helpers = ("get", "serialize", "deserialize")
    package = __name__.partition(".")[0]
    return {
        name: value
        for name, value in namespace.items()
        if not name.startswith("_")
        and name not in helpers
        and str(getattr(value, "__module__", None)).startswith(f"{package}.")
        and not str(value.__module__).startswith((f"{package}.utils.", f"{package}.ops."))
    }


def serialize_keras_object(instance: Any) -> Any:
    """Return the configuration of an object with ``get_config``, or the name of a function.

    Examples
    --------
    >>> serialize_keras_object(len)
    'len'
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        return {"class_name": get_registered_name(type(instance)), "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return get_registered_name(instance)
    raise ValueError("Cannot serialize", instance)


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Return what a configuration or a name stands for.

    Parameters
    ----------
    identifier
        ``{"class_name": …, "config": …}``, a name, or None.
    module_objects
        The names that the calling module knows.
    custom_objects
        Names that come before all others.
    printable_module_name
        What the calling module holds, for errors: ``"loss function"``.

    Examples
    --------
    >>> deserialize_keras_object("len", {"len": len}) is len
    True
    """
    if identifier is None:
        return None
    custom = dict(custom_objects or {})
    if isinstance(identifier, str):
        return _known(identifier, custom, module_objects, printable_module_name)
    if not isinstance(identifier, dict):
        raise ValueError(f"Could not interpret serialized {printable_module_name}: {identifier}")
    if "class_name" not in identifier or "config" not in identifier:
        raise ValueError(f"Improper config format: {identifier}")
    cls = _known(identifier["class_name"], custom, module_objects, printable_module_name)
    config = identifier["config"]
    if hasattr(cls, "from_config"):
        if has_arg(cls.from_config, "custom_objects"):
            return cls.from_config(config, custom_objects={**_CUSTOM_OBJECTS, **custom})
        with CustomObjectScope(custom):
            return cls.from_config(config)
    # A function that makes the object: its arguments stand in the configuration.
    with CustomObjectScope(custom):
        return cls(**config)


def _known(name: Any, custom: Mapping[str, Any], module_objects: Any, what: str) -> Any:
    found = get_registered_object(name, custom, module_objects) if isinstance(name, str) else None
    if found is None or isinstance(found, ModuleType):
        shown = str(name)[:200]
        raise ValueError(
            f"Unknown {what}: {shown}. If it is one of your own, say what the name stands for: "
            f"`custom_objects={{{shown!r}: ...}}` as an argument of the function that loads, or "
            f"`with CustomObjectScope({{{shown!r}: ...}}):` around it."
        )
    return found


def func_dump(func: Any) -> tuple[str, tuple | None, tuple | None]:
    """Return a function as text (its marshalled code), its defaults and the values it closes over.

    Examples
    --------
    >>> func_load(func_dump(lambda x: x + 1))(2)
    3
    """
    import codecs
    import marshal

    code = codecs.encode(marshal.dumps(func.__code__), "base64").decode("ascii")
    closure = tuple(cell.cell_contents for cell in func.__closure__) if func.__closure__ else None
    return code, func.__defaults__, closure


def func_load(
    code: Any, defaults: tuple | None = None, closure: tuple | None = None, globs: dict | None = None
) -> Any:
    """Return the function that :func:`func_dump` made text of.

    Examples
    --------
    >>> func_load(func_dump(lambda x, y=2: x * y))(3)
    6
    """
    import binascii
    import codecs
    import marshal
    import types

    if isinstance(code, (tuple, list)):
        code, defaults, closure = code
    if isinstance(defaults, list):
        defaults = tuple(defaults)
    try:
        raw = codecs.decode(code.encode("ascii"), "base64")
        compiled = marshal.loads(raw)
    except (UnicodeEncodeError, binascii.Error, ValueError, EOFError):
        compiled = marshal.loads(code.encode("raw_unicode_escape"))  # files of Keras before 2.1.2
    if closure is not None:
        closure = tuple(c if isinstance(c, types.CellType) else types.CellType(c) for c in closure)
    return types.FunctionType(
        compiled, globals() if globs is None else globs, compiled.co_name, defaults, closure
    )
