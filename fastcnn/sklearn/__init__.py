"""Estimators for scikit-learn (extra `sklearn`). `import fastcnn` alone does not import scikit-learn."""

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError("fastcnn.sklearn needs scikit-learn; install it with pip install 'fastcnn[sklearn]'") from error

from fastcnn.sklearn.estimators import CNNClassifier, CNNRegressor

__all__ = ["CNNClassifier", "CNNRegressor"]
