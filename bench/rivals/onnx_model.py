"""A network as an ONNX model, for the rivals that read such models. They compile it for one batch size."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from fastcnn import onnx
from fastcnn.network.sequential import Sequential
from fastcnn.onnx.writing import IMAGES

__all__ = ["ANY", "IMAGES", "model"]

ANY = "N"  # the name of the number of pictures


def model(network: Sequential) -> bytes:
    """The bytes of a model from pictures, float32 in [0, 1], to logits."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        onnx.save(network, path)
        return path.read_bytes()
