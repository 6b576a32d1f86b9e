"""Load pictures and labels as arrays: MNIST from the copy in the package, similar datasets from the cache.

Everything here reads from disk; `fastcnn.data.download` fetches. 60,000 pictures take 47 MB as uint8 and 188 MB as
float32. So a training keeps uint8 (`normalize=False`) and scales each batch.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastcnn.checks import check_flag, check_path
from fastcnn.data.datasets import DATASETS, MNIST_FILES, Dataset, cache_folder, find_dataset
from fastcnn.data.idx import IdxError, read_idx, read_idx_pieces
from fastcnn.digits import CLASSES, SIDE_PX
from fastcnn.errors import Sentence

Pair = tuple[NDArray[Any], NDArray[Any]]

_EMBEDDED = Path(__file__).resolve().parent / "mnist"
_BLOCK = 10_000  # pictures that are transposed at a time


def _find(folder: Path, name: str) -> Path:
    """The plain file if there is one (it loads faster), else the gzip file."""
    for path in (folder / name.removesuffix(".gz"), folder / name):
        if path.is_file():
            return path
    raise FileNotFoundError(
        Sentence("{path} has no {name}, plain or .gz; put the file there", path=folder, name=name.removesuffix(".gz"))
    )


def _form(values: NDArray[Any]) -> str:
    return f"{values.dtype} values of shape {values.shape}"


def _read_images(path: Path) -> NDArray[np.uint8]:
    images = read_idx(path)
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIDE_PX, SIDE_PX):
        if images.ndim == 1:
            advice = "these are labels, so perhaps the files of pictures and of labels are exchanged"
        elif images.dtype == np.uint8 and images.ndim == 3:
            advice = f"scale them to {SIDE_PX}x{SIDE_PX} first"
        else:
            advice = f"write them as uint8 of shape (N, {SIDE_PX}, {SIDE_PX})"
        raise IdxError(
            "{path} holds {form} and not uint8 pictures of {size} pixels; {detail}",
            path=path,
            form=_form(images),
            size=f"{SIDE_PX}x{SIDE_PX}",
            detail=advice,
        )
    return images[:, np.newaxis]


def _read_labels(path: Path) -> NDArray[np.int64]:
    labels = read_idx(path)
    # QMNIST has eight numbers for each picture. The first is the class.
    classes = labels[:, 0] if labels.ndim == 2 and labels.dtype == np.int32 else labels
    if classes.ndim != 1 or classes.dtype.kind not in "iu":
        advice = "write them as uint8 of shape (N,)"
        if labels.ndim > 2:
            advice = "these are pictures, so perhaps the files of pictures and of labels are exchanged"
        raise IdxError(
            "{path} holds {form} and not one label a picture; {detail}", path=path, form=_form(labels), detail=advice
        )
    low, high = int(classes.min()), int(classes.max())
    if low < 0 or high >= CLASSES:
        wrong = int(np.flatnonzero((classes < 0) | (classes >= CLASSES))[0])
        advice = "subtract 1 from each" if (low, high) == (1, CLASSES) else "leave the others out or number them again"
        raise IdxError(
            "{path} has the label {label} at index {index}, outside 0 to {last}; "
            "its labels go from {low} to {high}: {detail}",
            path=path,
            label=classes[wrong],
            index=wrong,
            last=CLASSES - 1,
            low=low,
            high=high,
            detail=advice,
        )
    return classes.astype(np.int64)


def _turn_upright(images: NDArray[np.uint8]) -> None:
    """Exchange rows and columns in place: EMNIST stores its pictures transposed."""
    for start in range(0, len(images), _BLOCK):
        block = images[start : start + _BLOCK]
        block[:] = block.swapaxes(2, 3).copy()


def _read_pair(folder: Path, files: tuple[str, str], transposed: bool) -> Pair:
    images_path, labels_path = (_find(folder, name) for name in files)
    labels = _read_labels(labels_path)
    images = _read_images(images_path)
    if len(images) != len(labels):
        raise IdxError(
            "{path} has {pictures} pictures and {name} has {labels} labels; use files that belong together",
            path=images_path,
            pictures=len(images),
            name=labels_path.name,
            labels=len(labels),
        )
    if transposed:
        _turn_upright(images)
    return images, labels


class _Form(NamedTuple):
    """What `load_mnist` is asked for."""

    normalize: bool
    flatten: bool
    one_hot: bool


def _in_form(x: NDArray[Any], t: NDArray[Any], form: _Form) -> Pair:
    if form.normalize:
        # Cast and divided block by block inside NumPy: no second float copy.
        x = np.divide(x, np.float32(255), dtype=np.float32)
    if form.flatten:
        x = x.reshape(len(x), SIDE_PX * SIDE_PX)
    if form.one_hot:
        rows = np.zeros((len(t), CLASSES), np.float32)
        rows[np.arange(len(t)), t] = 1
        t = rows
    return x, t


def _load(folder: Path, files: tuple[str, ...], transposed: bool, form: _Form) -> tuple[Pair, Pair]:
    # One set after the other, so that only one of them is held as uint8 together with its float32 copy.
    train, test = (
        _in_form(*_read_pair(folder, (images, labels), transposed), form) for images, labels in (files[:2], files[2:])
    )
    return train, test


def read_mnist(*, training: bool) -> Pair:
    """One half of the MNIST in the package: uint8 pictures and int64 labels. The training half takes 0.4 s."""
    return _read_pair(_EMBEDDED, MNIST_FILES[:2] if training else MNIST_FILES[2:], False)


def training_pieces(count: int) -> Iterator[Pair]:
    """The training half, `count` pictures with their labels at a time: all pictures together take 47 MB."""
    images_path, labels_path = (_find(_EMBEDDED, name) for name in MNIST_FILES[:2])
    labels = _read_labels(labels_path)
    for number, images in enumerate(read_idx_pieces(images_path, count)):
        yield images[:, np.newaxis], labels[number * count :][:count]


def load_mnist(
    *,
    normalize: bool = True,
    flatten: bool = False,
    one_hot: bool = False,
    data_dir: str | os.PathLike[str] | None = None,
) -> tuple[Pair, Pair]:
    """MNIST as `(x_train, t_train), (x_test, t_test)`.

    Parameters
    ----------
    normalize : give float32 pictures in [0, 1]; otherwise uint8 in 0..255, which takes a quarter of the memory
    flatten : pictures as rows of 784
    one_hot : labels as rows of 10
    data_dir : folder with MNIST's four IDX files, each plain or .gz; None means the copy in the package

    Returns
    -------
    x_train, x_test : (60000, 1, 28, 28) and (10000, 1, 28, 28), or (N, 784); float32 or uint8
    t_train, t_test : (60000,) and (10000,) int64, or (N, 10) float32

    Raises
    ------
    FileNotFoundError
        If the folder or one of its files is missing.
    IdxError
        A ValueError: a file is empty, truncated or damaged, holds something else, or does not fit the other file.

    With a `data_dir` the files decide the number of pictures.
    """
    for option, value in (("normalize", normalize), ("flatten", flatten), ("one_hot", one_hot)):
        check_flag(option, value)
    folder = _EMBEDDED if data_dir is None else check_path("data_dir", data_dir)
    if not folder.is_dir():
        raise FileNotFoundError(
            Sentence("{path} is not a folder; give the folder that holds MNIST's four IDX files", path=folder)
        )
    return _load(folder, MNIST_FILES, False, _Form(normalize, flatten, one_hot))


def load_dataset(
    name: str,
    *,
    normalize: bool = True,
    flatten: bool = False,
    one_hot: bool = False,
    folder: str | os.PathLike[str] | None = None,
    registry: tuple[Dataset, ...] = DATASETS,
) -> tuple[Pair, Pair]:
    """A dataset by its name in `fastcnn data list`, in the form of `load_mnist`. Pictures of EMNIST are transposed.

    Parameters
    ----------
    name : "mnist" is the copy in the package; the others must have been fetched
    normalize, flatten, one_hot : as in `load_mnist`
    folder : folder with the dataset's files; None means its folder in the cache

    Raises
    ------
    ValueError
        If there is no dataset of that name, or a file is damaged.
    FileNotFoundError
        If the dataset has not been fetched.
    """
    dataset = find_dataset(name, registry)
    if dataset.name == "mnist" and folder is None:
        return load_mnist(normalize=normalize, flatten=flatten, one_hot=one_hot)
    where = cache_folder(name) if folder is None else Path(folder)
    try:
        return _load(where, dataset.files, dataset.transposed, _Form(normalize, flatten, one_hot))
    except FileNotFoundError:
        advice = f"run `fastcnn data fetch {name}`" + ("" if folder is None else " and give no folder")
        raise FileNotFoundError(
            Sentence("{name} is not complete in {path}; {detail}", name=name, path=where, detail=advice)
        ) from None
