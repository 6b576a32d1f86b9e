"""Data: MNIST, and other sets of IDX files."""

from fastcnn.data.load import load_dataset, load_mnist

__all__ = ["load_dataset", "load_mnist"]
