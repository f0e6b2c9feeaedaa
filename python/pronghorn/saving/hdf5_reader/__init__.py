"""A reader of HDF5 files that can do nothing else.

It reads what files of models are made of: groups, attributes, and arrays of numbers in one piece or in
chunks. It knows no links to other places, no other files and no plugins, takes no memory that the file's
size does not warrant, and ends on every input. Files are written, and files with rarer features read, by
h5py.
"""

from .objects import Dataset, Group, open_image

__all__ = ["Dataset", "Group", "open_image"]
