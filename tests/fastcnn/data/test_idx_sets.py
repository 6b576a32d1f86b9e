"""Folders of IDX files, and datasets by name."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from fastcnn.data import DataError, load_data, load_mnist

X = np.random.default_rng(0).integers(0, 256, (6, 5, 7), dtype=np.uint8)
Y = np.array([1, 2, 26, 1, 2, 26], np.uint8)  # as EMNIST's letters


def write(path, array, pack=False):
    content = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if pack else content)


def write_set(folder, start="", train="train", test="t10k", pack=False):
    folder.mkdir(exist_ok=True)
    suffix = ".gz" * pack
    for part, count in ((train, 6), (test, 4)):
        write(folder / f"{start}{part}-images-idx3-ubyte{suffix}", X[:count], pack)
        write(folder / f"{start}{part}-labels-idx1-ubyte{suffix}", Y[:count], pack)


def refused(path, **options):
    with pytest.raises(DataError) as caught:
        load_data(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("pack", [False, True])
def test_mnists_names(tmp_path, pack):
    write_set(tmp_path / "d", pack=pack)
    data = load_data(tmp_path / "d")
    assert (data.images == X[:, None]).all()
    assert data.classes == ("1", "2", "26") and data.labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert (data.test[0] == X[:4, None]).all() and data.test[1].tolist() == [0, 1, 2, 0]


def test_emnists_pictures_are_turned_upright(tmp_path):
    write_set(tmp_path / "d", "emnist-letters-", test="test", pack=True)
    data = load_data(tmp_path / "d")
    assert (data.images == X.transpose(0, 2, 1)[:, None]).all()
    assert (data.test[0] == X.transpose(0, 2, 1)[:4, None]).all()


def test_one_set_of_several_by_its_file(tmp_path):
    write_set(tmp_path / "d", "emnist-letters-", test="test")
    write_set(tmp_path / "d", "emnist-digits-", test="test")
    assert "several sets (emnist-digits-, emnist-letters-)" in refused(tmp_path / "d")
    data = load_data(tmp_path / "d" / "emnist-letters-train-images-idx3-ubyte")
    assert len(data.images) == 6 and len(data.test[0]) == 4


def test_missing_and_damaged_files(tmp_path):
    write_set(tmp_path / "d")
    (tmp_path / "d" / "t10k-labels-idx1-ubyte").unlink()
    assert "t10k-labels-idx1-ubyte, plain or .gz" in refused(tmp_path / "d")
    (tmp_path / "d" / "t10k-images-idx3-ubyte").unlink()
    assert load_data(tmp_path / "d").test is None
    (tmp_path / "d" / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + bytes(20))
    assert "train-images-idx3-ubyte" in refused(tmp_path / "d")
    write(tmp_path / "d" / "train-images-idx3-ubyte", X[:5])
    assert "6 labels for 5 pictures" in refused(tmp_path / "d")


def test_a_set_beyond_the_memory(tmp_path, monkeypatch):
    from fastcnn.data import idx_sets

    write_set(tmp_path / "d")
    monkeypatch.setattr(idx_sets, "free_bytes", lambda: 100)
    assert "more than the 100 allowed" in refused(tmp_path / "d")


def test_mnist_by_its_name():
    (images, labels), (test_images, test_labels) = load_mnist(normalize=False)
    data = load_data("mnist")
    assert (data.images == images).all() and (data.labels == labels).all()
    assert (data.test[0] == test_images).all() and (data.test[1] == test_labels).all()
    assert data.classes == tuple("0123456789")


def test_a_dataset_that_was_fetched_names_its_classes(tmp_path, monkeypatch):
    from fastcnn.data import load

    pictures = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
    labels = (np.arange(20) % 10).astype(np.uint8)
    for part in ("train", "t10k"):
        write(tmp_path / f"{part}-images-idx3-ubyte", pictures)
        write(tmp_path / f"{part}-labels-idx1-ubyte", labels)
    monkeypatch.setattr(load, "cache_folder", lambda name: tmp_path)
    data = load_data("fashion-mnist")
    assert data.classes[0] == "T-shirt or top" and data.classes[9] == "ankle boot"  # as its authors number them
    assert data.labels.tolist() == labels.tolist() and data.test[1].tolist() == labels.tolist()
    assert len(load_data("kmnist").classes) == 10


def test_a_dataset_that_was_not_fetched(tmp_path, monkeypatch):
    from fastcnn.data import load

    monkeypatch.setattr(load, "cache_folder", lambda name: tmp_path)
    with pytest.raises(FileNotFoundError, match="run `fastcnn data fetch kmnist`"):
        load_data("kmnist")


def test_a_name_that_is_a_folder_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_set(tmp_path / "mnist")
    assert "say ./mnist" in refused("mnist")
    assert len(load_data("./mnist").images) == 6
