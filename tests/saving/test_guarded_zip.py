"""Zip archives: entries that lead elsewhere or unfold without end are refused."""

import io
import stat
import warnings
import zipfile

import pytest

from pronghorn.saving import guarded


def archive(*entries, **options):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in entries:
            made.writestr(name, content)
    return file.getvalue()


def link(name="config.json"):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def renamed(data, old, new):
    assert len(old) == len(new)
    return data.replace(old, new)


@pytest.mark.parametrize(
    "data, words",
    [
        (archive(("../config.json", "{}")), "outside the archive"),
        (archive(("/etc/config.json", "{}")), "outside the archive"),
        (archive(("a/../../b", "{}")), "outside the archive"),
        (archive(("C:\\config.json", "{}")), "outside the archive"),
        (renamed(archive(("a_..", "{}")), b"a_..", b"\\..\\"), "outside the archive"),
        (archive(("config.json", "{}"), ("config.json", "[]")), "two entries"),
        (archive((link(), "/etc/passwd")), "link or a device"),
        (archive(("config.json", b"\0" * (65 << 20)), compression=zipfile.ZIP_DEFLATED), "unfolds from"),
        (archive(("config.json", "{}"), compression=zipfile.ZIP_BZIP2), "unusual way"),
        (archive(*[(str(i), "") for i in range(10_001)]), "more than 10000"),
        (b"PK\x03\x04 and no more", "not a whole zip"),
        (archive(("config.json", "{}"))[:-10], "not a whole zip"),
    ],
)
def test_refuses(data, words):
    with pytest.raises(guarded.FileFormatError, match=words), guarded.open_zip(data):
        pass


def test_overlapping_entries():
    # The second entry of the directory is made to point at the first one's place.
    data = bytearray(archive(("a", "1" * 100), ("b", "2" * 100)))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = (0).to_bytes(4, "little")
    with pytest.raises(guarded.UnsafeFileError, match="overlaps"), guarded.open_zip(bytes(data)):
        pass


def test_damaged_content():
    data = bytearray(archive(("a", "1" * 100)))
    data[60] ^= 1
    with pytest.raises(guarded.FileFormatError, match="damaged"), guarded.open_zip(bytes(data)) as made:
        made.read("a")


def test_reads(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(archive(("a/b", "text"), ("c", b""), compression=zipfile.ZIP_DEFLATED))
    with guarded.open_zip(path) as made:
        assert made.names() == ["a/b", "c"]
        assert made.read("a/b") == b"text" and made.read("c") == b""
        with pytest.raises(guarded.FileFormatError, match="no entry 'd'"):
            made.read("d")
