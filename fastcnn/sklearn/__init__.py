"""Estimators for scikit-learn (extra `sklearn`). `import fastcnn` alone does not import scikit-learn."""

from fastcnn.errors import MissingPackageError

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise MissingPackageError("fastcnn.sklearn needs scikit-learn; do: pip install 'fastcnn[sklearn]'") from error

from fastcnn.sklearn.estimators import CNNClassifier, CNNRegressor

__all__ = ["CNNClassifier", "CNNRegressor"]


def __dir__() -> list[str]:
    return __all__
