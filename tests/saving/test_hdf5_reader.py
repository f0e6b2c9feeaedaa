"""The HDF5 reader gives what h5py gives, and refuses what leads out of the file or beyond its size."""

import io

import numpy as np
import pytest

from pronghorn.saving import guarded

h5py = pytest.importorskip("h5py")


def image(write, **options):
    file = io.BytesIO()
    with h5py.File(file, "w", **options) as group:
        write(group)
    return file.getvalue()


def same(ours, theirs):
    assert sorted(ours.attrs) == sorted(theirs.attrs)
    for name in theirs.attrs:
        np.testing.assert_array_equal(ours.attrs[name], theirs.attrs[name])
    if isinstance(theirs, h5py.Dataset):
        a, b = ours[()], theirs[()]
        assert a.dtype == b.dtype.newbyteorder("=") and a.shape == b.shape == ours.shape
        np.testing.assert_array_equal(a, b)
        return
    assert sorted(ours) == sorted(theirs)
    for name in theirs:
        assert name in ours
        same(ours[name], theirs[name])


def everything(group):
    for dtype in ("f2", "f4", "f8", ">f4", "i1", "u2", ">i4", "i8", "?"):
        group[f"types/{dtype.strip('>')}{dtype[0] == '>'}"] = np.array([[1, 0, 3]]).astype(dtype)
    group["scalar"], group["empty"] = np.float32(3), np.zeros((0, 4))
    for i in range(300):  # links beyond what fits into a header, a table or a node
        group[f"many/member_{i}"] = np.float32(i)
    for i in range(40):
        group.attrs[f"attribute_{i}"] = np.arange(i)
    group.attrs["text"], group.attrs["bytes"], group.attrs["names"] = "hä", b"b", [b"a", b"bcd"]
    group.attrs["texts"] = np.array(["x", "yy"], dtype=h5py.string_dtype())
    group.attrs["flag"], group.attrs["number"] = True, 1.5


@pytest.mark.parametrize("track_order", [False, True])
@pytest.mark.parametrize("libver", ["earliest", "v108", "latest"])
def test_reads_what_h5py_reads(libver, track_order):
    data = image(everything, libver=libver, track_order=track_order)
    with guarded.open_hdf5(data) as ours, h5py.File(io.BytesIO(data)) as theirs:
        same(ours, theirs)


def test_reads_chunks():
    def write(group):
        numbers = np.random.RandomState(0).rand(31, 17)
        group.create_dataset("gzip", data=numbers, chunks=(7, 5), compression="gzip", shuffle=True)
        group.create_dataset("checked", data=numbers, chunks=(7, 5), fletcher32=True)
        group.create_dataset("plain", data=numbers, chunks=(31, 4))
        group.create_dataset("fill", shape=(4, 5), dtype="f4", fillvalue=7, chunks=(2, 2))

    data = image(write)
    with guarded.open_hdf5(data) as ours, h5py.File(io.BytesIO(data)) as theirs:
        same(ours, theirs)


def test_user_block_before_the_file():
    data = image(lambda group: group.create_dataset("x", data=np.arange(3)), userblock_size=512)
    with guarded.open_hdf5(data) as ours:
        np.testing.assert_array_equal(ours["x"], [0, 1, 2])


def soft(group):
    group["real"] = np.arange(3)
    group["link"] = h5py.SoftLink("/real")


def external_link(group):
    group["link"] = h5py.ExternalLink("/etc/passwd.h5", "/secret")


def external_storage(group):
    group.create_dataset("x", (8,), "u1", external=[("/etc/passwd", 0, 8)])


def virtual(group):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "data", (4,))
    group.create_virtual_dataset("x", layout)


def shape_bomb(group):
    group.create_dataset("x", (1 << 40,), "f4")


def packed_bomb(group):
    group.create_dataset("x", (1 << 36,), "f4", chunks=(1 << 20,), compression="gzip")[:4] = 1


def texts(group):
    group.create_dataset("x", data=["a", "b"], dtype=h5py.string_dtype())


def references(group):
    group["y"] = np.arange(3)
    group.create_dataset("x", data=[group["y"].ref], dtype=h5py.ref_dtype)


def ragged(group):
    group.create_dataset("x", (2,), h5py.vlen_dtype("f4"))


def circle(group):
    group.create_group("a")["b"] = group


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize(
    "write, words",
    [
        (soft, "soft link"),
        (external_link, "external link to '.*passwd"),
        (external_storage, "in other files"),
        (virtual, "virtual"),
        (shape_bomb, "claims the shape"),
        (texts, "where numbers belong"),
        (references, "where numbers belong"),
        (ragged, "where numbers belong"),
    ],
)
def test_refuses(write, words, libver):
    with (
        pytest.raises(guarded.UnsafeFileError, match=words),
        guarded.open_hdf5(image(write, libver=libver)) as f,
    ):
        list(f)
        np.asarray(f["x"])


def test_refuses_packed_bombs():
    with (
        pytest.raises(guarded.UnsafeFileError, match="claims the shape"),
        guarded.open_hdf5(image(packed_bomb)) as f,
    ):
        np.asarray(f["x"])


@pytest.mark.parametrize(
    "write",
    [
        soft,
        external_link,
        external_storage,
        virtual,
        shape_bomb,
        packed_bomb,
        texts,
        references,
        ragged,
        circle,
    ],
)
def test_refuses_in_groups_of_h5py(write):
    file = h5py.File(io.BytesIO(image(write)))
    with file, pytest.raises(guarded.UnsafeFileError), guarded.open_hdf5(file):
        pass


def test_refuses_circles():
    with pytest.raises(guarded.UnsafeFileError, match="circles"), guarded.open_hdf5(image(circle)) as f:
        f["a"]["b"]


def test_many_names_of_one_array_take_no_more_than_it_warrants():
    def write(group):
        group["x"] = np.zeros(1 << 20, "f4")
        for i in range(200):
            group[f"x{i}"] = group["x"]

    with (
        pytest.raises(guarded.UnsafeFileError, match="unfolds to"),
        guarded.open_hdf5(image(write)) as f,
    ):
        for _ in range(10):
            for name in f:
                np.asarray(f[name])


def test_cut_short():
    data = image(everything)
    for size in (0, 1, 7, 47, 100, 1000, len(data) // 2):
        with pytest.raises(guarded.FileFormatError), guarded.open_hdf5(data[:size]) as f:
            for name in f["types"]:
                np.asarray(f["types"][name])


def test_json():
    assert guarded.load_json(b'{"a": [1, 2.5]}', "x") == {"a": [1, 2.5]}
    for text in ("[" * 100_000, "{", b"\xff", "1" * 1000):
        with pytest.raises(guarded.FileFormatError, match="config"):
            guarded.load_json(text, "config")
