"""load_mnist and load_dataset: the contract's arrays, and one sentence for every wrong set of files."""

import gzip
import hashlib
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from fastcnn.data import load_dataset, load_mnist
from fastcnn.data.datasets import DATASETS, MNIST_FILES
from fastcnn.data.idx import IdxError

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = MNIST_FILES

# sha256 of the decompressed files, from the notes that came with the data.
SHA256 = {
    TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@pytest.fixture(scope="module", autouse=True)
def unpacked_once() -> None:
    """Here each call reads the files, as it does for users."""


def images_idx(images: np.ndarray) -> bytes:
    return struct.pack(">HBB3I", 0, 8, 3, *images.shape) + images.tobytes()


def labels_idx(labels: list[int]) -> bytes:
    return struct.pack(">HBBI", 0, 8, 1, len(labels)) + bytes(labels)


def rows_idx(rows: np.ndarray) -> bytes:
    return struct.pack(">HBB2I", 0, 8, 2, *rows.shape) + rows.tobytes()


@pytest.fixture
def small(tmp_path, rng):
    """A folder with four small, right files, two of them plain, and the pictures in them."""
    train, test = (rng.integers(0, 256, (count, 28, 28), dtype=np.uint8) for count in (5, 3))
    (tmp_path / TRAIN_IMAGES).write_bytes(gzip.compress(images_idx(train)))
    (tmp_path / TRAIN_LABELS).write_bytes(gzip.compress(labels_idx([0, 9, 4, 4, 1])))
    (tmp_path / TEST_IMAGES.removesuffix(".gz")).write_bytes(images_idx(test))
    (tmp_path / TEST_LABELS.removesuffix(".gz")).write_bytes(labels_idx([7, 2, 1]))
    return tmp_path, train, test


@pytest.mark.parametrize("name", MNIST_FILES)
def test_embedded_file_is_the_published_one(name):
    import fastcnn.data

    path = Path(fastcnn.data.__file__).parent / "mnist" / name
    assert hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest() == SHA256[name]


def test_embedded_mnist_has_the_contract_s_shapes_and_types():
    (x_train, t_train), (x_test, t_test) = load_mnist()
    assert x_train.shape == (60000, 1, 28, 28)
    assert x_test.shape == (10000, 1, 28, 28)
    assert x_train.dtype == x_test.dtype == np.float32
    assert x_train.min() == 0
    assert x_train.max() == 1
    assert t_train.shape == (60000,)
    assert t_test.shape == (10000,)
    assert t_train.dtype == t_test.dtype == np.int64
    # The first labels and the digit counts that every description of MNIST gives.
    assert t_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert t_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(t_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    # The mean and standard deviation that PyTorch's examples normalise by.
    assert abs(x_train.mean(dtype=np.float64) - 0.1307) < 5e-5
    assert abs(x_train.std(dtype=np.float64) - 0.3081) < 5e-5


def test_raw_pictures_cost_their_own_size_and_little_more():
    tracemalloc.start()
    try:
        (x_train, _), (x_test, _) = load_mnist(normalize=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert x_train.dtype == x_test.dtype == np.uint8
    assert x_train.max() == 255
    assert peak < 70_000 * 784 + 4e6


def test_normalized_pictures_cost_one_raw_copy_more():
    tracemalloc.start()
    try:
        load_mnist(flatten=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60_000 * 784 * (4 + 1) + 4e6


def test_files_of_a_folder_are_read_plain_or_gzip(small):
    folder, train, test = small
    (x_train, t_train), (x_test, t_test) = load_mnist(normalize=False, data_dir=folder)
    np.testing.assert_array_equal(x_train, train[:, None])
    np.testing.assert_array_equal(x_test, test[:, None])
    assert t_train.tolist() == [0, 9, 4, 4, 1]
    assert t_test.tolist() == [7, 2, 1]


def test_options_change_form_and_not_content(small):
    folder, train, _ = small
    (x, t), _ = load_mnist(flatten=True, one_hot=True, data_dir=str(folder))
    assert x.shape == (5, 784)
    assert x.dtype == np.float32
    # Every value is the float32 nearest to v / 255.
    np.testing.assert_array_equal(x, (train.reshape(5, 784) / 255.0).astype(np.float32))
    assert t.dtype == np.float32
    assert t.tolist() == np.eye(10)[[0, 9, 4, 4, 1]].tolist()


def replace(folder: Path, name: str, data: bytes | None) -> None:
    (folder / name.removesuffix(".gz")).unlink(missing_ok=True)
    (folder / name).unlink(missing_ok=True)
    if data is not None:
        (folder / name).write_bytes(data)


PICTURES = np.zeros((5, 28, 28), np.uint8)


@pytest.mark.parametrize(
    ("name", "data", "error", "says"),
    [
        (TRAIN_IMAGES, None, FileNotFoundError, "has no train-images-idx3-ubyte, plain or .gz; put the file there"),
        (TEST_LABELS, None, FileNotFoundError, "has no t10k-labels-idx1-ubyte"),
        (TRAIN_IMAGES, b"", IdxError, "is empty"),
        (TRAIN_IMAGES, gzip.compress(images_idx(PICTURES))[:40], IdxError, "gzip data end early"),
        (TRAIN_IMAGES, images_idx(PICTURES)[:-1], IdxError, "is truncated"),
        (TRAIN_IMAGES, images_idx(PICTURES[:4]), IdxError, "4 pictures and .* 5 labels; use files that belong"),
        (TRAIN_IMAGES, labels_idx([1] * 5), IdxError, r"of shape \(5,\) and not uint8 pictures of 28x28"),
        (TRAIN_IMAGES, images_idx(PICTURES[:, :27]), IdxError, "not uint8 pictures of 28x28"),
        (TRAIN_LABELS, images_idx(PICTURES), IdxError, "not one label a picture"),
        (
            TRAIN_IMAGES,
            labels_idx([1] * 5),
            IdxError,
            "are labels, so perhaps the files .* are exchanged",
        ),
        (
            TRAIN_LABELS,
            images_idx(PICTURES),
            IdxError,
            "are pictures, so perhaps the files .* are exchanged",
        ),
        (TRAIN_IMAGES, images_idx(np.zeros((5, 32, 32), np.uint8)), IdxError, "; scale them to 28x28 first"),
        (
            TRAIN_IMAGES,
            rows_idx(np.zeros((5, 784), np.uint8)),
            IdxError,
            r"write them as uint8 of shape \(N, 28, 28\)",
        ),
        (TRAIN_LABELS, rows_idx(np.eye(10, dtype=np.uint8)[:5]), IdxError, r"; write them as uint8 of shape \(N,\)"),
        (
            TRAIN_LABELS,
            labels_idx([1, 2, 10, 4, 5]),
            IdxError,
            "has the label 10 at index 2, outside 0 to 9; its labels go from 1 to 10: subtract 1 from each",
        ),
        (
            TRAIN_LABELS,
            labels_idx([1, 2, 25, 4, 5]),
            IdxError,
            "its labels go from 1 to 25: leave the others out or number them again",
        ),
    ],
)
def test_wrong_folder_is_one_sentence(small, name, data, error, says):
    folder = small[0]
    replace(folder, name, data)
    with pytest.raises(error, match=says) as caught:
        load_mnist(data_dir=folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "download it again" not in str(caught.value)
    assert len(str(caught.value).replace(str(folder), "")) < 200


def test_missing_folder_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not a folder; give the folder that holds MNIST's four IDX files"):
        load_mnist(data_dir=tmp_path / "none")


def test_negative_label_is_refused(small):
    folder = small[0]
    replace(folder, TRAIN_LABELS, struct.pack(">HBBI", 0, 9, 1, 5) + bytes([0, 1, 0xFF, 2, 3]))
    with pytest.raises(IdxError, match="has the label -1 at index 2"):
        load_mnist(data_dir=folder)


def test_emnist_is_turned_upright(tmp_path, rng):
    dataset = next(dataset for dataset in DATASETS if dataset.name == "emnist-digits")
    pictures = rng.integers(0, 256, (5, 28, 28), dtype=np.uint8)
    for name in dataset.files:
        (tmp_path / name).write_bytes(images_idx(pictures) if "images" in name else labels_idx([1, 2, 3, 4, 5]))
    (x, _), _ = load_dataset("emnist-digits", normalize=False, folder=tmp_path)
    assert x[3, 0, 2, 25] == pictures[3, 25, 2]
    np.testing.assert_array_equal(x[:, 0], pictures.swapaxes(1, 2))


def test_qmnist_class_is_the_first_of_eight_numbers(tmp_path):
    dataset = next(dataset for dataset in DATASETS if dataset.name == "qmnist")
    rows = np.array([[7, 0, 3054, 117, 37, 15, 0, 0], [2, 0, 3054, 118, 32, 16, 0, 0]], ">i4")
    for name in dataset.files:
        labels = struct.pack(">HBB2I", 0, 0x0C, 2, 2, 8) + rows.tobytes()
        (tmp_path / name).write_bytes(gzip.compress(images_idx(PICTURES[:2]) if "images" in name else labels))
    (_, t), _ = load_dataset("qmnist", folder=tmp_path)
    assert t.tolist() == [7, 2]
    assert t.dtype == np.int64


def test_mnist_by_name_is_the_embedded_copy(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (_, t), _ = load_dataset("mnist", normalize=False)
    assert t[:3].tolist() == [5, 0, 4]


def test_dataset_that_was_not_fetched_says_how_to_fetch_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="run `fastcnn data fetch kmnist`"):
        load_dataset("kmnist", folder=tmp_path)


def test_a_folder_of_one_s_own_is_not_filled_by_fetching(tmp_path):
    with pytest.raises(FileNotFoundError, match="run `fastcnn data fetch kmnist` and give no folder"):
        load_dataset("kmnist", folder=tmp_path)


def test_unknown_dataset_lists_the_names():
    with pytest.raises(ValueError, match="choose from mnist, fashion-mnist, kmnist, emnist-digits, qmnist"):
        load_dataset("nist")
