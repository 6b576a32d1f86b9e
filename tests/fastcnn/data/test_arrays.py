"""NumPy's archives: names, layouts and ranges, and what is refused before it is unpacked."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from fastcnn.data import DataError, load_data

X = np.arange(3 * 4 * 6, dtype=np.uint8).reshape(3, 4, 6)
Y = np.array([5, 3, 5])


def refused(path, **options):
    with pytest.raises(DataError) as caught:
        load_data(path, **options)
    sentence = str(caught.value)
    assert str(path) in sentence and "\n" not in sentence and "array(" not in sentence
    assert len(sentence.replace(str(path.parent), "")) <= 200
    return sentence


def save(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("x", "y"), ("X", "Y"), ("x", "t"), ("images", "labels"), ("data", "target"), ("x_train", "y_train"),
        ("X_train", "Y_train"), ("x_train", "t_train"), ("train_images", "train_labels"), ("arr_0", "arr_1"),
    ],
)  # fmt: skip
def test_names(tmp_path, images, labels):
    data = load_data(save(tmp_path / "d.npz", **{images: X, labels: Y, "other": np.zeros(5)}))
    assert (data.images == X[:, None]).all() and data.images.dtype == np.uint8
    assert data.labels.tolist() == [1, 0, 1] and data.labels.dtype == np.int64
    assert data.classes == ("3", "5") and data.test is None


def test_keras_mnist_has_a_test_part(tmp_path):
    arrays = {"x_train": X, "y_train": Y, "x_test": X[:2] + np.uint8(1), "y_test": np.array([3, 5], np.uint8)}
    data = load_data(save(tmp_path / "mnist.npz", **arrays))
    assert len(data.images) == 3
    images, labels = data.test
    assert (images == X[:2, None] + 1).all() and labels.tolist() == [0, 1]


def test_medmnist_has_a_validation_part_and_labels_in_a_column(tmp_path):
    coloured = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 3), dtype=np.uint8)
    arrays = {f"{part}_images": coloured for part in ("train", "val", "test")}
    arrays |= {f"{part}_labels": Y[:, None] for part in ("train", "val", "test")}
    data = load_data(save(tmp_path / "med.npz", **arrays))
    assert (data.images == coloured.transpose(0, 3, 1, 2)).all() and data.images.flags.c_contiguous
    for images, labels in (data.validation, data.test):
        assert (images == data.images).all() and labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((3, 4, 6), (3, 1, 4, 6)),
        ((3, 16), (3, 1, 4, 4)),
        ((3, 3, 8, 9), (3, 3, 8, 9)),
        ((3, 8, 9, 3), (3, 3, 8, 9)),
        ((3, 8, 9, 1), (3, 1, 8, 9)),
        ((3, 1, 8, 9), (3, 1, 8, 9)),
        ((3, 12, 20, 21), (3, 12, 20, 21)),
        ((3, 20, 21, 12), (3, 12, 20, 21)),
        ((3, 2, 2, 3), (3, 3, 2, 2)),
        ((3, 3, 2, 2), (3, 3, 2, 2)),
    ],
)
def test_layouts(tmp_path, shape, expected):
    pictures = np.random.default_rng(0).integers(2, 256, shape, dtype=np.uint8)
    images = load_data(save(tmp_path / "d.npz", x=pictures, y=Y)).images
    assert images.shape == expected and images.flags.c_contiguous
    if len(shape) == 4 and shape[1:] != expected[1:]:
        pictures = np.moveaxis(pictures, 3, 1)
    assert (images == pictures.reshape(expected)).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0, 0.5, 1], np.float32), [0, 128, 255]),
        (np.array([0, 0.5, 1], np.float16), [0, 128, 255]),
        (np.array([0, 100.0, 255]), [0, 100, 255]),
        (np.array([0, 100, 255], np.int64), [0, 100, 255]),
        (np.array([0, 1, 1], np.uint8), [0, 255, 255]),
        (np.array([False, True, True]), [0, 255, 255]),
        (np.array([0, 257, 65535], np.uint16), [0, 1, 255]),
        (np.array([0, 7, 16], np.float64), [0, 7, 16]),  # scikit-learn's digits
    ],
)
def test_ranges(tmp_path, values, expected):
    pictures = np.broadcast_to(values[:, None, None], (3, 4, 6))
    images = load_data(save(tmp_path / "d.npz", x=pictures, y=Y)).images
    assert images[:, 0, 0, 0].tolist() == expected


def test_the_training_part_says_what_full_ink_is(tmp_path):
    x = np.array([0.0, 0.5, 200.0]).repeat(4).reshape(3, 2, 2)
    dark = np.full((3, 2, 2), 0.9)  # of 255, not of 1
    data = load_data(save(tmp_path / "d.npz", x_train=x, y_train=Y, x_test=dark, y_test=Y))
    assert data.test[0].max() == 1


@pytest.mark.parametrize(
    ("labels", "numbers", "classes"),
    [
        (np.array([1, 2, 3]), [0, 1, 2], ("1", "2", "3")),
        (np.array([2.0, 7.0, 2.0], np.float32), [0, 1, 0], ("2", "7")),
        (np.array(["dog", "cat", "dog"]), [1, 0, 1], ("cat", "dog")),
        (np.array([b"dog", b"cat", b"dog"]), [1, 0, 1], ("cat", "dog")),
        (np.array([True, False, True]), [1, 0, 1], ("0", "1")),
        (np.array([[0, 1], [1, 0], [0, 1]]), [1, 0, 1], ("0", "1")),
        (np.array([-1, 1, -1], np.int8), [0, 1, 0], ("-1", "1")),
    ],
)
def test_labels(tmp_path, labels, numbers, classes):
    data = load_data(save(tmp_path / "d.npz", x=X, y=labels))
    assert (data.labels.tolist(), data.classes) == (numbers, classes)


NAN = X.astype(np.float32)
NAN[1, 2, 3] = np.nan


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": X, "b": Y}, "needs arrays x and y, or x_train and y_train, and has a, b"),
        ({"x_test": X, "y_test": Y}, "needs arrays x and y"),
        ({"x": NAN, "y": Y}, "NaN or infinity, first in picture 1"),
        ({"x": X.astype(np.float32) - 1, "y": Y}, "numbers from -1"),
        ({"x": X.astype(np.int32) * 9, "y": Y}, "numbers from 0 to 639"),
        ({"x": X[:2], "y": Y}, "3 labels for 2 pictures; give one label a picture"),
        ({"x": X[:0], "y": Y[:0]}, "holds no pictures"),
        ({"x": np.array(3), "y": Y}, "x in"),
        ({"x": X, "y": np.array(3)}, "has the shape (); it must be"),
        ({"x": X[:, :, :5].reshape(3, -1)[:, :15], "y": Y}, "rows of 15 numbers"),
        ({"x": X[0, 0], "y": Y}, "must have the shape"),
        ({"x": np.zeros((3, 3, 8, 3), np.uint8), "y": Y}, "second or last"),
        ({"x": X.astype(complex), "y": Y}, "must hold numbers"),
        ({"x": X, "y": np.array([0.5, 1, 2])}, "the label 0.5 at index 0"),
        ({"x": X, "y": np.array([np.nan, 1, 2])}, "the label nan at index 0"),
        ({"x": X, "y": np.array([1 + 1j, 2, 3])}, "numbers or names as labels"),
        ({"x": X, "y": np.array([["a"], ["b"], ["c"]]).repeat(2, axis=1)}, "one label a picture"),
        ({"x": X, "y": np.array([[0, 2], [1, 0], [0, 1]])}, "no rows of one 1"),
        ({"x": X, "y": np.array(["a\nb", "c", "d"])}, "cannot be shown"),
        ({"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1}, "the class '4'"),
        ({"x_train": X, "y_train": Y, "x_test": X[:, :3], "y_test": Y}, "make them alike"),
    ],
)
def test_wrong_archives(tmp_path, arrays, words):
    assert words in refused(save(tmp_path / "d.npz", **arrays))


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=np.array([object(), 1, 2], object))
    assert "Python objects, which are never unpickled" in refused(tmp_path / "d.npz")


def npy(shape, dtype="|u1", data=b""):
    """An array's file whose head promises what it likes."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": shape})
    return buffer.getvalue() + data


def archive(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    from fastcnn.data import room

    path = archive(tmp_path / "d.npz", x=npy((1_000, 100, 100), data=bytes(10**7)), y=npy((1_000,), data=bytes(1_000)))
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(room, "free_bytes", lambda: 10**6)
    monkeypatch.setattr(np.lib.format, "read_array", lambda *_, **__: pytest.fail("it was unpacked"))
    assert "x in " in refused(path) and "0.01 GB of memory" in refused(path)


def test_heads_that_lie(tmp_path):
    for shape in ((10**12,), (10**12, 10**12, 10**12), (3, 4, 7)):
        path = archive(tmp_path / "d.npz", x=npy(shape, data=bytes(72)), y=npy((3,), data=bytes(3)))
        assert "promises" in refused(path)
    path = archive(tmp_path / "d.npz", x=npy((-3, -24), data=bytes(72)), y=npy((3,), data=bytes(3)))
    assert "has the shape (-3, -24)" in refused(path)
    path = archive(tmp_path / "d.npz", x=b"no array at all", y=npy((3,), data=bytes(3)))
    assert "no array that NumPy wrote" in refused(path)


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize(
    "text",
    [
        "(" * 500, "-" * 3000 + "1", "'''", "{" * 3, "x\n  y\n z", "{[]: 1}", "__import__('os')",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (True, 72)}",
        "{'descr': ('|u1', (2,)), 'fortran_order': False, 'shape': (3, 4, 3)}",
    ],
    ids=lambda text: text[:9],
)  # fmt: skip
def test_heads_that_pythons_parser_does_not_take(tmp_path, text, version):
    """NumPy reads them with it, so they fail in many ways."""
    length = len(text).to_bytes(2 if version == 1 else 4, "little")
    head = b"\x93NUMPY" + bytes([version, 0]) + length + text.encode()
    path = archive(tmp_path / "d.npz", x=head + bytes(72), y=npy((3,), data=b"012"))
    assert "x in " in refused(path) and "no array that NumPy wrote" in refused(path)


def test_damaged_archives(tmp_path):
    path = save(
        tmp_path / "d.npz", x=np.random.default_rng(0).integers(0, 255, (30, 8, 8), dtype=np.uint8), y=np.arange(30)
    )
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refused(path)
    path.write_bytes(whole[:200] + bytes(40) + whole[240:])
    assert "damaged" in refused(path)
    path.write_bytes(b"no archive")
    assert "no .npz archive" in refused(path)


def test_options_of_folders_are_refused(tmp_path):
    path = save(tmp_path / "d.npz", x=X, y=Y)
    for options in ({"size": 8}, {"channels": 1}):
        with pytest.raises(ValueError, match="no effect"):
            load_data(path, **options)
    assert "the network takes (1, 5, 5)" in refused(path, shape=(1, 5, 5))
    assert load_data(path, shape=(1, 4, 6)).images.shape == (3, 1, 4, 6)
