"""The table of datasets: their places on the web, and the checksums of their files.

`fastcnn.data.download` fetches what the table names, and `fastcnn.data.load` loads it. TensorFlow Datasets
(url_checksums) and torchvision publish the same sizes and sha256 for these files. The sha256 is checked, so any mirror
is safe, even by plain HTTP.
"""

from dataclasses import dataclass
from pathlib import Path

MNIST_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
QMNIST_FILES = (
    "qmnist-train-images-idx3-ubyte.gz",
    "qmnist-train-labels-idx2-int.gz",
    "qmnist-test-images-idx3-ubyte.gz",
    "qmnist-test-labels-idx2-int.gz",
)


@dataclass(frozen=True)
class RemoteFile:
    """A file on the web: its name here, its size in bytes, its checksum in pooch's form, and its mirrors."""

    name: str
    size: int
    checksum: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """One dataset: its row in `fastcnn data list`, the files to fetch, and the IDX files that are made of them."""

    name: str
    title: str
    train: int  # number of pictures
    test: int
    remote: tuple[RemoteFile, ...]
    files: tuple[str, ...] = MNIST_FILES  # training images, training labels, test images, test labels
    archived: bool = False  # `files` are members of the one remote file, a zip
    transposed: bool = False  # the pictures' rows are stored as columns
    classes: tuple[str, ...] = ()  # the names of the labels 0, 1 and so on; () where these are the digits


def _on(mirrors: tuple[str, ...], *files: tuple[str, int, str]) -> tuple[RemoteFile, ...]:
    return tuple(
        RemoteFile(name, size, f"sha256:{sha256}", tuple(mirror + name for mirror in mirrors))
        for name, size, sha256 in files
    )


DATASETS = (
    Dataset(
        "mnist",
        "MNIST, handwritten digits (built in)",
        60_000,
        10_000,
        _on(
            (
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                "http://yann.lecun.com/exdb/mnist/",
            ),
            (MNIST_FILES[0], 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            (MNIST_FILES[1], 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            (MNIST_FILES[2], 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            (MNIST_FILES[3], 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ),
    ),
    Dataset(
        "fashion-mnist",
        "Fashion-MNIST, ten kinds of clothes",
        60_000,
        10_000,
        _on(
            (
                "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            ),
            (MNIST_FILES[0], 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            (MNIST_FILES[1], 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            (MNIST_FILES[2], 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            (MNIST_FILES[3], 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ),
        classes=(
            "T-shirt or top",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ),
    ),
    Dataset(
        "kmnist",
        "Kuzushiji-MNIST, ten cursive Japanese characters",
        60_000,
        10_000,
        _on(
            (
                # The publisher's server cannot be reached since March 2026 (rois-codh/kmnist issue 29).
                "https://huggingface.co/datasets/tanganke/kmnist/resolve/756d43e894032ce8838db8b32e7500c9c3b5d050/raw/",
                "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
                "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            ),
            (MNIST_FILES[0], 18_165_135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
            (MNIST_FILES[1], 29_497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
            (MNIST_FILES[2], 3_041_136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
            (MNIST_FILES[3], 5_120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
        ),
        classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    ),
    Dataset(
        "emnist-digits",
        "EMNIST digits, four times MNIST",
        240_000,
        40_000,
        # One zip for all of EMNIST. The zip of Western Sydney University has other bytes, so it is no mirror.
        _on(
            ("https://biometrics.nist.gov/cs_links/EMNIST/", "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/"),
            ("gzip.zip", 561_753_746, "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"),
        ),
        files=(
            "emnist-digits-train-images-idx3-ubyte.gz",
            "emnist-digits-train-labels-idx1-ubyte.gz",
            "emnist-digits-test-images-idx3-ubyte.gz",
            "emnist-digits-test-labels-idx1-ubyte.gz",
        ),
        archived=True,
        transposed=True,
    ),
    Dataset(
        "qmnist",
        "QMNIST, MNIST with its 60,000 test digits",
        60_000,
        60_000,
        _on(
            (
                "https://raw.githubusercontent.com/facebookresearch/qmnist/master/",
                "https://github.com/facebookresearch/qmnist/raw/master/",
            ),
            (QMNIST_FILES[0], 9_704_059, "9e26a7bf1683614e065d7b76460ccd52807165b3f22561fb782bd9f38c52b51d"),
            (QMNIST_FILES[1], 463_024, "2c05dc77f6b916b38e455e97ab129a42a444f3dbef09b278a366f82904e0dd9f"),
            (QMNIST_FILES[2], 9_742_279, "43fc22bf7498b8fc98de98369d72f752d0deabc280a43a7bcc364ab19e57b375"),
            (QMNIST_FILES[3], 526_800, "9fbcbe594c3766fdf4f0b15c5165dc0d1e57ac604e01422608bb72c906030d06"),
        ),
        files=QMNIST_FILES,
    ),
)


def find_dataset(name: str, registry: tuple[Dataset, ...] = DATASETS) -> Dataset:
    """The dataset of that name. If there is none, a ValueError lists the names."""
    for dataset in registry:
        if dataset.name == name:
            return dataset
    raise ValueError(f"there is no dataset {name!r}; choose from {', '.join(dataset.name for dataset in registry)}")


def cache_folder(name: str) -> Path:
    """The folder of a dataset's files in the user's cache. It may not exist yet."""
    from platformdirs import user_cache_path

    return user_cache_path("fastcnn", appauthor=False) / "data" / name
