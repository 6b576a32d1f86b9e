"""Networks as ONNX files (extra `onnx`), for other programs. `import fastcnn` alone does not import onnx."""

from fastcnn.errors import MissingPackageError

try:
    import onnx  # noqa: F401
except ImportError as error:
    raise MissingPackageError("fastcnn.onnx needs onnx; do: pip install 'fastcnn[onnx]'") from error

from fastcnn.onnx.reading import load
from fastcnn.onnx.writing import save

__all__ = ["load", "save"]


def __dir__() -> list[str]:
    return __all__
