"""Groups and data sets, spelled as in h5py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import UnsafeFileError
from .data import Layout
from .headers import LAYOUT, read_attributes, read_messages
from .image import Image, root_address
from .links import read_links


class _File:
    """What the objects of one file share."""

    def __init__(self, image: Image):
        self.image = image
        self.heaps: dict = {}
        self.objects: dict[int, Any] = {}

    def object(self, address: int, name: str) -> Any:
        if address not in self.objects:
            messages = read_messages(self.image, address)
            made = Dataset if any(message.kind == LAYOUT for message in messages) else Group
            self.objects[address] = made(self, messages, name)
        found = self.objects[address]
        if isinstance(found, Group) and found.name != name:
            raise UnsafeFileError(
                f"{self.image.what}: {name} is another name of group {found.name}, so that whoever goes "
                "through the file may go in circles; it was refused"
            )
        return found


class Attributes(Mapping):
    """The attributes of a group or a data set."""

    def __init__(self, found: dict[str, Any]):
        self._found = found

    def __getitem__(self, name: str) -> Any:
        return self._found[name].value()

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class _Object:
    def __init__(self, file: _File, messages: list, name: str):
        self._file = file
        self._messages = messages
        self.name = name
        self._attributes = None

    @property
    def attrs(self) -> Attributes:
        """Attributes by name."""
        if self._attributes is None:
            found = read_attributes(self._file.image, self._messages, self._file.heaps)
            self._attributes = Attributes(found)
        return self._attributes


class Group(_Object, Mapping):
    """A group: a mapping of names, or of paths of names with slashes between, to groups and data sets."""

    def __init__(self, file: _File, messages: list, name: str):
        super().__init__(file, messages, name)
        self._links = None

    def _members(self) -> dict[str, int]:
        if self._links is None:
            self._links = read_links(self._file.image, self._messages, self.name)
        return self._links

    def __getitem__(self, path: str) -> Any:
        found: Any = self
        for name in path.split("/"):
            if not name:
                continue
            if not isinstance(found, Group) or name not in found._members():
                raise self._file.image.damaged(f"{self.name} has no member {path!r}")
            found = self._file.object(found._members()[name], f"{found.name.rstrip('/')}/{name}")
        return found

    def __contains__(self, path: object) -> bool:
        found: Any = self
        for name in str(path).split("/"):
            if not isinstance(found, Group) or (name and name not in found._members()):
                return False
            found = found[name] if name else found
        return True

    def get(self, path: str, default: Any = None) -> Any:
        """Return the member at a path, or `default` where there is none."""
        if path in self:
            return self[path]
        return default

    def __iter__(self) -> Iterator[str]:
        return iter(self._members())

    def __len__(self) -> int:
        return len(self._members())


class Dataset(_Object):
    """An array of numbers, read when it is asked for."""

    def __init__(self, file: _File, messages: list, name: str):
        super().__init__(file, messages, name)
        self._layout = Layout(file.image, messages, name)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that the file claims."""
        return self._layout.shape

    @property
    def dtype(self) -> np.dtype:
        """The type of the numbers."""
        dtype = self._layout.type.dtype
        return np.dtype("float32") if self._layout.type.kind == "bfloat16" else dtype

    def __getitem__(self, key: Any) -> Any:
        return self._layout.read()[key]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self._layout.read()
        return array if dtype is None else array.astype(dtype)


def open_image(file: Any, what: str) -> Group:
    """Return the root group of a seekable binary file.

    Parameters
    ----------
    file
        Object with ``seek`` and ``read``; it stays open as long as the group is read from.
    what
        How errors name it.
    """
    image = Image(file, what)
    return _File(image).object(root_address(image), "/")
