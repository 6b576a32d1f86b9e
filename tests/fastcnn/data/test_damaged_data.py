"""Whatever a byte too much or too few does to data: they are read, or refused in one sentence of ours."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from fastcnn.data import load_data
from fastcnn.errors import FastcnnError

PIECES = (b",", b"\n", b'"', b"nan", b"1e400", b"-", b"\xff", b"\0", b";", b"\r", bytes(9))
X, Y = np.arange(240, dtype=np.uint8).reshape(12, 4, 5), np.arange(12, dtype=np.uint8) % 3


def archive():
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x_train=X, y_train=Y, x_test=X, y_test=Y.astype(str))
    return buffer.getvalue()


def table(label):
    rows = [",".join([label[number % 2], *map(str, X[number].ravel()[:16])]) for number in range(12)]
    return "\n".join(["label," + ",".join(f"p{number}" for number in range(16)), *rows]).encode()


def picture(mode, form):
    buffer = io.BytesIO()
    Image.new(mode, (7, 5)).save(buffer, form)
    return buffer.getvalue()


WHOLE = {
    "d.npz": [archive()],
    "d.csv": [table("35"), table(['"a, b"', "c"])],
    "idx": [struct.pack(">BBBB3I", 0, 0, 8, 3, *X.shape) + X.tobytes()],
    "folder": [
        picture(*kind)
        for kind in (("RGB", "PNG"), ("P", "PNG"), ("I;16", "PNG"), ("RGB", "JPEG"), ("RGB", "TIFF"), ("L", "GIF"))
    ],
}


def changed(content, rng):
    content = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(content) + 1))
        match rng.integers(4):
            case 0:
                content[at : at + 1] = rng.bytes(1)
            case 1:
                del content[at : at + int(rng.integers(1, 30))]
            case 2:
                content[at:at] = PIECES[rng.integers(len(PIECES))]
            case _:
                del content[at:]
    return bytes(content)


def write(folder, name, content):
    """The path of data with this content in one of their files."""
    path = folder / name
    if name == "idx":
        path.mkdir(exist_ok=True)
        (path / "train-images-idx3-ubyte").write_bytes(content)
        (path / "train-labels-idx1-ubyte").write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, len(Y)) + Y.tobytes())
    elif name == "folder":
        for kind in ("a", "b"):
            (path / kind).mkdir(parents=True, exist_ok=True)
            (path / kind / "1.png").write_bytes(WHOLE["folder"][0])
        (path / "a" / "2.png").write_bytes(content)
    else:
        path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", WHOLE)
def test_damaged_data_are_read_or_refused_in_one_sentence(name, tmp_path, rng):
    refused = 0
    for number in range(60):
        path = write(tmp_path, name, changed(WHOLE[name][number % len(WHOLE[name])], rng))
        try:
            data = load_data(path)
        except FastcnnError as error:
            sentence = str(error).replace(str(tmp_path), "")
            assert len(sentence) <= 200 and "\n" not in sentence
            refused += 1
            continue
        assert data.images.dtype == np.uint8 and data.images.ndim == 4 and data.images.flags.c_contiguous
        assert data.labels.shape == data.images.shape[:1] and 0 <= data.labels.min()
        assert data.labels.max() < len(data.classes)
    assert refused > 10
