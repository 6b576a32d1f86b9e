"""Data: MNIST, datasets that were fetched, and data of the user's own."""

from fastcnn.data.dataset import DataError, DataSet
from fastcnn.data.load import load_dataset, load_mnist
from fastcnn.data.readers import load_data

__all__ = ["DataError", "DataSet", "load_data", "load_dataset", "load_mnist"]
