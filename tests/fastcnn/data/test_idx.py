"""The IDX reader: right arrays from right files, one declared error and bounded memory from every other file."""

import gzip
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastcnn.data.idx import IdxError, read_idx

# The type codes as Yann LeCun's description of the format gives them.
CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
OVERHEAD_BYTES = 3 * 2**20


def idx_bytes(array: np.ndarray) -> bytes:
    code = CODES[array.dtype.str[1:]]
    return (
        struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
        + array.astype(array.dtype.newbyteorder(">")).tobytes()
    )


def written(folder: Path, data: bytes) -> Path:
    path = folder / "some-idx"
    path.write_bytes(data)
    return path


@pytest.fixture
def pictures(rng):
    return rng.integers(0, 256, (7, 5, 3), dtype=np.uint8)


def test_hand_written_file_is_read(tmp_path):
    path = written(tmp_path, bytes.fromhex("00000B02 00000002 00000003 0001 0002 0003 FFFF FFFE 8000"))
    values = read_idx(path)
    assert values.tolist() == [[1, 2, 3], [-1, -2, -32768]]
    assert values.dtype == np.int16
    assert values.dtype.isnative


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", CODES)
def test_every_type_is_read(tmp_path, rng, dtype, packed):
    array = rng.integers(0, 100, (4, 1, 3, 2)).astype(dtype)
    data = idx_bytes(array)
    values = read_idx(written(tmp_path, gzip.compress(data) if packed else data))
    assert values.dtype == array.dtype
    assert values.flags.writeable
    np.testing.assert_array_equal(values, array)


def test_gzip_of_several_members_is_read(tmp_path, pictures):
    data = idx_bytes(pictures)
    path = written(tmp_path, gzip.compress(data[:20]) + gzip.compress(data[20:]))
    np.testing.assert_array_equal(read_idx(path), pictures)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (gzip.compress(b""), "truncated within its header"),
        (b"\0\0\x08", "truncated within its header"),
        (b"\0\0\x08\x03\0\0\0\x01", "truncated within its header"),
        (b"\x89PNG\r\n\x1a\n", "is not an IDX file"),
        (b"5,0,0,0,12\r\n", "is text, perhaps CSV, and not an IDX file; read it into arrays and give them to Trainer"),
        (b"label", "is text, perhaps CSV, and not an IDX file"),
        (b"<!DOCTYPE html>", "is a web page and not an IDX file; download the file itself"),
        (b"PK\x03\x04 and more", "is a zip or npz archive and not an IDX file; give the IDX file in it"),
        (b"\x93NUMPY\x01\x00v\x00", "is a NumPy file and not an IDX file; load it with numpy.load"),
        (gzip.compress(gzip.compress(b"\0\0\x08\x01\0\0\0\x03abc")), "is packed by gzip twice; unpack it once"),
        (b"\0\0\x08\x01\x03\0\0\0abc", "has its dimensions in little-endian order; write them big-endian"),
        (b"\0\0\x08\x02\x01\0\0\0\x03\0\0\0abc", "has its dimensions in little-endian order"),
        (b"\0\0\x0a\x01\0\0\0\x01\0", "is not an IDX file"),  # a type code that the format does not have
        (b"\0\0\x08\x00", "is not an IDX file"),
        (b"\0\0\x08\x05" + b"\0\0\0\x01" * 5 + b"\0", "is not an IDX file"),
        (b"\0\0\x08\x02\0\0\0\0\0\0\0\x01", "holds nothing"),
        (b"\0\0\x08\x01\0\0\0\x03ab", "is truncated"),
        (b"\0\0\x08\x01\0\0\0\x03abcd", "is longer than"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x03ab"), "is truncated"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x03abcd"), "is longer than"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x03abc")[:-9], "gzip data end early"),
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x03abc")[:-8] + b"\0" * 8, "is damaged"),  # checksum
        (gzip.compress(b"\0\0\x08\x01\0\0\0\x03abc") + b"more", "is damaged"),
    ],
)
def test_wrong_file_is_one_sentence(tmp_path, data, says):
    with pytest.raises(IdxError, match=says) as caught:
        read_idx(written(tmp_path, data))
    assert str(tmp_path / "some-idx") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value).replace(str(tmp_path), "")) < 150


def test_missing_file_and_folder_are_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist; check the path"):
        read_idx(tmp_path / "none")
    with pytest.raises(IdxError, match=r"cannot be read .*; check that it is a file"):
        read_idx(tmp_path)


READ = "import sys; from fastcnn.data.idx import read_idx; read_idx(sys.argv[1])"


def test_a_pipe_does_not_hang(tmp_path, run_python):
    os.mkfifo(tmp_path / "pipe")
    done = run_python(READ, str(tmp_path / "pipe"), check=False, timeout_s=60)
    assert "pipe is a pipe, which may give nothing for ever; give a file" in done.stderr


def peak_bytes(path: Path, **options: int) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(IdxError):
            read_idx(path, **options)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", [(2**32 - 1,) * 4, (2**26,), (60_000, 28, 28)])
def test_absurd_header_takes_no_memory(tmp_path, shape, packed):
    data = struct.pack(f">HBB{len(shape)}I", 0, 0x08, len(shape), *shape) + b"few"
    assert peak_bytes(written(tmp_path, gzip.compress(data) if packed else data)) < OVERHEAD_BYTES


def test_file_above_the_limit_is_refused_before_it_is_read(tmp_path):
    path = written(tmp_path, idx_bytes(np.zeros(8 * 2**20, np.uint8)))
    assert peak_bytes(path, max_bytes=2**20) < OVERHEAD_BYTES


def test_gzip_bomb_is_read_no_further_than_its_header_promises(tmp_path):
    bomb = struct.pack(">HBBI", 0, 0x08, 1, 100) + bytes(64 * 2**20)
    assert peak_bytes(written(tmp_path, gzip.compress(bomb))) < OVERHEAD_BYTES


DATA = idx_bytes(np.arange(60, dtype=np.uint8).reshape(4, 5, 3))
PACKED = gzip.compress(DATA, mtime=0)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from([DATA, PACKED])))
    for bit in draw(st.lists(st.integers(0, 8 * len(data) - 1), max_size=4)):
        data[bit // 8] ^= 1 << bit % 8
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=4))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=damaged())
def test_damage_raises_the_declared_error_or_changes_only_values(tmp_path, data):
    path = written(tmp_path, data)
    tracemalloc.start()
    try:
        values = read_idx(path)
    except IdxError as error:
        assert str(path) in str(error)
    else:
        # Without a checksum a flipped value cannot be seen; with one, nothing may pass.
        assert values.nbytes < len(DATA)
        if data[:2] == PACKED[:2]:
            assert values.tobytes() == DATA[16:]
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < OVERHEAD_BYTES
