"""A CNN engine with native kernels, and a recogniser of handwritten digits: load data, train, recognize.

A name is imported at its first use. So `import fastcnn` is fast and imports neither Numba nor Qt.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastcnn import kernels, layers, optim, threads
    from fastcnn import onnx as onnx
    from fastcnn import sklearn as sklearn
    from fastcnn.checking.check import check
    from fastcnn.data.load import load_mnist
    from fastcnn.network import losses
    from fastcnn.network.files import load_network
    from fastcnn.network.sequential import Sequential
    from fastcnn.optim import schedules
    from fastcnn.recognition.recognizer import Recognizer
    from fastcnn.training import callbacks
    from fastcnn.training.datasets import Dataset
    from fastcnn.training.trainer import Trainer
    from fastcnn.zoo.networks import paper_network

__all__ = [
    "Dataset",
    "Recognizer",
    "Sequential",
    "Trainer",
    "__version__",
    "callbacks",
    "check",
    "kernels",
    "layers",
    "load_mnist",
    "load_network",
    "losses",
    "optim",
    "paper_network",
    "schedules",
    "threads",
]
__version__ = "0.1.0"

# kernels/, gui/ and bench/ are next to this folder in a source checkout, and inside it in a wheel.
_checkout = Path(__file__).resolve().parent.parent
if (_checkout / "pyproject.toml").is_file():
    __path__.append(str(_checkout))

# name -> (module, attribute); no attribute means the module itself
_LAZY = {
    "Dataset": ("fastcnn.training.datasets", "Dataset"),
    "Recognizer": ("fastcnn.recognition.recognizer", "Recognizer"),
    "Sequential": ("fastcnn.network.sequential", "Sequential"),
    "Trainer": ("fastcnn.training.trainer", "Trainer"),
    "callbacks": ("fastcnn.training.callbacks", ""),
    "check": ("fastcnn.checking.check", "check"),
    "kernels": ("fastcnn.kernels", ""),
    "layers": ("fastcnn.layers", ""),
    "load_mnist": ("fastcnn.data", "load_mnist"),
    "load_network": ("fastcnn.network.files", "load_network"),
    "losses": ("fastcnn.network.losses", ""),
    "optim": ("fastcnn.optim", ""),
    "paper_network": ("fastcnn.zoo.networks", "paper_network"),
    "schedules": ("fastcnn.optim.schedules", ""),
    "threads": ("fastcnn.threads", ""),
}


# Rooms that need a package of an extra: `fastcnn.onnx.save` imports it.
_EXTRAS = ("onnx", "sklearn")


if not TYPE_CHECKING:  # a type checker would take every name for one of any type

    def __getattr__(name: str) -> Any:
        if name in _EXTRAS:
            return import_module(f"{__name__}.{name}")
        if name not in _LAZY:
            raise AttributeError(f"module 'fastcnn' has no attribute {name!r}")
        module_name, attribute = _LAZY[name]
        module = import_module(module_name)
        value = getattr(module, attribute) if attribute else module
        globals()[name] = value  # the next access does not call this function
        return value


def __dir__() -> list[str]:
    return [*__all__, *_EXTRAS]
