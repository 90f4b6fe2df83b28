"""The lake keeps every object as it was delivered and never overwrites one."""

import hashlib

import pytest

from include.core.errors import ConfigurationError, InvalidKey, NotFound, ObjectChanged, ObjectCorrupt, ObjectExists
from include.lake.store import Lake

KEY = "raw/manual/1/2026-11-20/landed/0123456789abcdef/readings.csv"
COPY = "validated/manual/1/2026-11-20/landed/0123456789abcdef/readings.csv"


def sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_bytes_come_back_as_they_were_put(lake):
    assert lake.put_bytes(KEY, b"a,b\n1,2\n") == sha(b"a,b\n1,2\n")
    assert lake.read(KEY) == b"a,b\n1,2\n"
    assert [(found.key, found.size_bytes) for found in lake.list("raw/manual")] == [(KEY, 8)]


def test_a_file_is_stored_and_read_as_a_verified_local_file(lake, tmp_path):
    source = tmp_path / "source.bin"
    body = b"x" * 3_000_000
    source.write_bytes(body)
    lake.put(KEY, source, sha(body))
    with lake.local_file(KEY, sha(body)) as path:
        assert path.read_bytes() == body


def test_an_object_is_never_overwritten(lake):
    lake.put_bytes(KEY, b"first")
    with pytest.raises(ObjectExists):
        lake.put_bytes(KEY, b"second")
    assert lake.read(KEY) == b"first"


def test_the_same_bytes_again_are_fine(lake):
    lake.put_bytes(KEY, b"same")
    lake.put_bytes(KEY, b"same")
    assert lake.read(KEY) == b"same"


def test_a_wrong_hash_is_noticed_when_writing(lake):
    with pytest.raises(ObjectExists):
        lake.put(KEY, b"body", sha(b"another body"))


def test_a_changed_object_is_noticed_when_reading(lake):
    lake.put_bytes(KEY, b"body")
    path = f"{lake.root}/{KEY}"
    lake.fs.rm_file(path)
    lake.fs.pipe_file(path, b"bodx")
    with pytest.raises((ObjectCorrupt, ObjectExists)), lake.local_file(KEY, sha(b"body")):
        pass


def test_a_missing_object_is_a_named_error(lake):
    with pytest.raises(NotFound):
        lake.read(KEY)
    assert not lake.exists(KEY)
    assert list(lake.list("raw/snowflake")) == []


def test_a_copy_is_verified_and_can_be_removed_but_the_original_cannot(lake):
    lake.put_bytes(KEY, b"body")
    lake.copy(KEY, COPY, sha(b"body"))
    lake.copy(KEY, COPY, sha(b"body"))
    assert lake.read(COPY) == b"body"
    lake.remove_copy(COPY)
    lake.remove_copy(COPY)
    assert not lake.exists(COPY)
    with pytest.raises(InvalidKey):
        lake.remove_copy(KEY)
    assert lake.read(KEY) == b"body"


def test_a_client_object_that_was_replaced_since_it_was_sensed_is_not_read(lake, tmp_path):
    key = "raw/manual/1/2026-11-20/client.csv"
    lake.put_bytes(key, b"old version")
    [listed] = lake.list("raw/manual")
    assert lake.fetch_version(listed, tmp_path / "copy") == (sha(b"old version"), 11)
    lake.fs.rm_file(f"{lake.root}/{key}")
    lake.fs.pipe_file(f"{lake.root}/{key}", b"new version")
    with pytest.raises(ObjectChanged):
        lake.fetch_version(listed, tmp_path / "copy")
    lake.fs.rm_file(f"{lake.root}/{key}")
    with pytest.raises(ObjectChanged):
        lake.fetch_version(listed, tmp_path / "copy")


@pytest.mark.parametrize("key", ["raw/../validated/x", "raw//x", "/etc/passwd", "other/x"])
def test_a_key_outside_the_grammar_touches_nothing(lake, key):
    for use in (lake.read, lake.exists, lambda key: lake.put_bytes(key, b"x")):
        with pytest.raises(InvalidKey):
            use(key)


def test_other_schemes_are_refused():
    with pytest.raises(ConfigurationError):
        Lake("ftp://host/folder")
