"""Values that a user passes: which of them are arrays or whole numbers, and how an error's sentence shows them."""

import operator
from typing import Any, SupportsIndex, TypeGuard

import numpy as np
import numpy.typing as npt

MOST_SHOWN = 60  # characters


def is_array(value: object) -> TypeGuard[npt.NDArray[Any]]:
    """Whether it is a NumPy array without a mask: arithmetic would also read what the mask hides."""
    return type(value) is np.ndarray or (isinstance(value, np.ndarray) and not _is_masked(value))


def check_named(arrays: object) -> None:
    """TypeError unless it is a dict of arrays by name."""
    if not isinstance(arrays, dict):
        raise TypeError(f"arrays must be a dict of NumPy arrays, not {shown(arrays)}")


def kind_of(value: object) -> str:
    """The kind of a value, for an error's sentence: the dtype of an array, or else the type's name."""
    if _is_masked(value):
        return "a masked array; fill it first, as with .filled(0)"
    return _cut(str(value.dtype) if isinstance(value, np.ndarray) else type(value).__name__)


def shown(value: object) -> str:
    """The value, for an error's sentence: its repr on one line, cut to MOST_SHOWN characters.

    An array is shown by its shape and dtype. A list, tuple or dict with arrays in it is shown by its type. An error
    that the repr raises is caught.
    """
    if hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, type | np.generic):
        return f"an array of shape {_written(value.shape)} and dtype {kind_of(value)}"
    members = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    if any(hasattr(member, "shape") for member in members):
        return f"a {type(value).__name__} that holds arrays"
    return _written(value)


def counted(count: int, noun: str) -> str:
    """A number with its noun: "1 epoch", "2 epochs"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def whole(value: object) -> int | None:
    """The value as a Python int, or None if it is no whole number. An array is none, not even one with one number."""
    if type(value) is int:  # at once: SupportsIndex is asked for in 5 us
        return value
    if isinstance(value, bool | np.bool_ | np.ndarray) or not isinstance(value, SupportsIndex):
        return None
    try:
        return operator.index(value)
    except Exception:  # tensors of other libraries have an __index__ that may raise any error
        return None


def _is_masked(value: object) -> bool:
    return isinstance(value, np.ndarray) and hasattr(value, "filled")


def _written(value: object) -> str:
    try:
        return _cut(" ".join(repr(value).split()))
    except Exception:  # the repr of a user's class may raise any error; that of an int of too many digits ValueError
        return f"one {kind_of(value)} that cannot be printed"


def _cut(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."
