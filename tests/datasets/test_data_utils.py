import hashlib
import os
import pathlib
import stat
import tarfile
import zipfile

import pytest

from pronghorn.utils.data_utils import _extract_archive, _hash_file, cache_folder, get_file, validate_file

TEXT = b"Antilocapra americana"
MD5 = hashlib.md5(TEXT).hexdigest()
SHA256 = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture
def origin(tmp_path, monkeypatch):
    """A file: URL, with an empty cache."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "cache"))
    source = tmp_path / "source.txt"
    source.write_bytes(TEXT)
    return source.as_uri()


def make_tar(path, **members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            file = path.parent / "member"
            file.write_bytes(content)
            archive.add(file, arcname=name.replace("__", "/"))
    return path


def test_downloads_once_into_the_cache_folder(origin, tmp_path):
    path = get_file("a.txt", origin)
    assert path == str(tmp_path / "cache" / "datasets" / "a.txt")
    assert pathlib.Path(path).read_bytes() == TEXT
    (tmp_path / "source.txt").unlink()
    assert get_file("a.txt", origin) == path
    assert os.listdir(os.path.dirname(path)) == ["a.txt"]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644


@pytest.mark.parametrize("given", [{"md5_hash": MD5}, {"file_hash": MD5}, {"file_hash": SHA256}])
def test_a_file_with_another_hash_is_downloaded_again(origin, tmp_path, given):
    cached = tmp_path / "cache" / "datasets" / "a.txt"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"half of i")
    assert pathlib.Path(get_file("a.txt", origin, **given)).read_bytes() == TEXT


def test_a_download_with_another_hash_is_refused_and_not_kept(origin, tmp_path):
    with pytest.raises(ValueError, match=MD5):
        get_file("a.txt", origin, file_hash="0" * 32)
    assert os.listdir(tmp_path / "cache" / "datasets") == []


def test_offline_error_says_where_to_put_what(origin, tmp_path):
    (tmp_path / "source.txt").unlink()
    with pytest.raises(FileNotFoundError) as error:
        get_file("a.txt", origin, file_hash=SHA256)
    for part in (origin, str(tmp_path / "cache" / "datasets"), "a.txt", SHA256):
        assert part in str(error.value)


def test_untar_returns_the_folder_and_takes_one_that_is_there(origin, tmp_path):
    archive = make_tar(tmp_path / "birds.tar.gz", birds__one=b"1", birds__two=b"2")
    folder = get_file("birds", archive.as_uri(), untar=True, file_hash=_hash_file(archive))
    assert sorted(os.listdir(folder)) == ["one", "two"]
    os.remove(folder + ".tar.gz")
    assert get_file("birds", "file:///nowhere", untar=True) == folder


def test_extract_keeps_the_archive_and_what_lies_beside(origin, tmp_path):
    archive = tmp_path / "birds.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("birds/one", b"1")
    beside = tmp_path / "cache" / "datasets" / "birds" / "zero"
    beside.parent.mkdir(parents=True)
    beside.write_bytes(b"0")
    path = get_file("birds.zip", archive.as_uri(), extract=True)
    assert path.endswith("birds.zip")
    assert sorted(os.listdir(beside.parent)) == ["one", "zero"]


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside"])
def test_an_archive_cannot_write_outside(tmp_path, name):
    archive = tmp_path / "bad.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.addfile(tarfile.TarInfo("fine"))
        file.addfile(tarfile.TarInfo(name))
    with pytest.raises(ValueError, match="not safe"):
        _extract_archive(archive, tmp_path / "into")
    assert os.listdir(tmp_path / "into") == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_an_archive_cannot_hold_links_or_devices(tmp_path, kind):
    member = tarfile.TarInfo("link")
    member.type, member.linkname = kind, "/etc/passwd"
    archive = tmp_path / "bad.tar"
    with tarfile.open(archive, "w") as file:
        file.addfile(member)
    with pytest.raises(ValueError, match="'link'"):
        _extract_archive(archive, tmp_path / "into")


def test_archive_formats(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(TEXT)
    assert _extract_archive(plain) is False
    assert _extract_archive(plain, archive_format=None) is False
    with pytest.raises(ValueError, match="rar"):
        _extract_archive(plain, archive_format="rar")


def test_validate_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(TEXT)
    assert validate_file(path, MD5) and validate_file(path, SHA256) and validate_file(path, MD5, "md5")
    assert not validate_file(path, MD5, "sha256")
    with pytest.raises(ValueError, match="crc32"):
        validate_file(path, MD5, "crc32")


def test_cache_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == str(tmp_path / ".keras")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "elsewhere"))
    assert cache_folder() == str(tmp_path / "elsewhere")
    # A home that is a file cannot be a folder: the one for temporary files is used.
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cache_folder(str(tmp_path / "file")) == str(tmp_path / ".keras")
