"""The array type of annotations."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
