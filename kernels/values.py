"""What users hand over: which values are arrays or whole numbers, and how an error's sentence shows any of them."""

import operator
from typing import Any, SupportsIndex, TypeGuard

import numpy as np
import numpy.typing as npt

MOST_SHOWN = 60  # characters


def is_array(value: object) -> TypeGuard[npt.NDArray[Any]]:
    """Whether it is a NumPy array with no mask: arithmetic would read what the mask hides."""
    return isinstance(value, np.ndarray) and not _is_masked(value)


def check_named(arrays: object) -> None:
    """TypeError unless it is a dict of arrays by name."""
    if not isinstance(arrays, dict):
        raise TypeError(f"arrays must be a dict of NumPy arrays, not {shown(arrays)}")


def kind_of(value: object) -> str:
    """What a value is, for an error's sentence: an array's dtype, else the type's name."""
    if _is_masked(value):
        return "a masked array; fill it first, as with .filled(0)"
    return _cut(str(value.dtype) if isinstance(value, np.ndarray) else type(value).__name__)


def shown(value: object) -> str:
    """The value itself, for an error's sentence: its repr on one line, cut to MOST_SHOWN characters.

    Of an array its shape and dtype, also where a list, tuple or dict holds it. A repr that fails does not get out.
    """
    if hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, type | np.generic):
        return f"an array of shape {_written(value.shape)} and dtype {kind_of(value)}"
    members = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    if any(hasattr(member, "shape") for member in members):
        return f"a {type(value).__name__} that holds arrays"
    return _written(value)


def whole(value: object) -> int | None:
    """The value as a Python int; None where it is none. An array is none, although one of one number could be read."""
    if isinstance(value, bool | np.bool_ | np.ndarray) or not isinstance(value, SupportsIndex):
        return None
    try:
        return operator.index(value)
    except Exception:  # another library's tensors have an __index__ too, which may raise anything
        return None


def _is_masked(value: object) -> bool:
    return isinstance(value, np.ndarray) and hasattr(value, "filled")


def _written(value: object) -> str:
    try:
        return _cut(" ".join(repr(value).split()))
    except Exception:  # of a user's class anything; an int of too many digits raises ValueError
        return f"one {kind_of(value)} that cannot be printed"


def _cut(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."
