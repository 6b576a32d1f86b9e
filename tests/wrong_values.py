"""Values of every type that somebody hands over by mistake, and what an error's sentence must be like."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from fastcnn.errors import FastcnnError

LONGEST = 200


class Tensor:
    """As another library's tensor on a device: it looks like an array, and nothing can be had of it."""

    shape, dtype, ndim, device = (2, 3), "torch.float32", 2, "cuda:0"

    def __repr__(self) -> str:
        return "tensor([[0.1, 0.2, 0.3],\n        [0.4, 0.5, 0.6]], device='cuda:0')"

    def __len__(self) -> int:
        return 2

    def _fail(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("can't convert cuda:0 device type tensor; use Tensor.cpu() to copy it to host memory first")

    __array__ = __bool__ = __float__ = __int__ = __index__ = __iter__ = __getitem__ = __lt__ = __le__ = _fail
    __gt__ = __ge__ = __add__ = __radd__ = __mul__ = __rmul__ = __sub__ = __rsub__ = __truediv__ = _fail
    __eq__ = __ne__ = _fail  # type: ignore[assignment]
    __hash__ = object.__hash__


WRONG: dict[str, Any] = {
    "None": None,
    "text": "text",
    "bytes": b"bytes",
    "list": [1, 2, 3],
    "list of floats": [0.5, 1.5],
    "long list": list(range(10_000)),
    "ragged list": [[1], [1, 2]],
    "dict": {"a": 1},
    "object": object(),
    "class": dict,
    "function": len,
    "NaN": float("nan"),
    "inf": float("inf"),
    "-inf": float("-inf"),
    "-1": -1,
    "-0.5": -0.5,
    "2**63": 2**63,
    "huge": 10**5000,  # Python refuses to print it
    "-huge": -(10**5000),
    "True": True,
    "complex": 1 + 2j,
    "float16": np.float16(0.5),
    "numpy NaN": np.float32("nan"),
    "complex64": np.complex64(1),
    "numpy text": np.str_("text"),
    "date": np.datetime64("2020-01-01"),
    "0-d": np.array(0.5),
    "0-d int": np.array(1),
    "empty": np.empty(0, np.float32),
    "empty int": np.empty(0, np.int64),
    "ints": np.arange(3),
    "object array": np.array([object(), None]),
    "float16 array": np.ones(3, np.float16),
    "complex array": np.ones(3, np.complex64),
    "NaN array": np.full(3, np.nan, np.float32),
    "text array": np.array(["a", "b"]),
    "masked array": np.ma.masked_array(np.ones(3, np.float32), [True, False, False]),
    "structured array": np.zeros(2, [("a", np.float32), ("b", np.int64)]),
    "large array": np.zeros((300, 300)),
    "tensor": Tensor(),
    "list of arrays": [np.zeros((100, 100))] * 3,
}


def like(good: Any) -> dict[str, Any]:
    """More of them where an array belongs: the right shape with a wrong dtype, and the other way round."""
    if not isinstance(good, np.ndarray) or good.ndim == 0:
        return {}
    wrong = {
        "as list": good.tolist(),
        "as objects": good.astype(object),
        "as complex": good.astype(np.complex64),
        "as float16": good.astype(np.float16),
        "as text": good.astype(str),
        "masked": np.ma.masked_array(good, np.ones(good.shape, bool)),
        "one axis more": good[np.newaxis],
        "one row less": good[:-1],
    }
    if good.dtype.kind == "f":
        wrong["with NaN"] = np.where(np.arange(good.size).reshape(good.shape) == 0, np.nan, good).astype(good.dtype)
        wrong["as int"] = good.astype(np.int64)
    elif good.dtype.kind in "iu":
        wrong["as float"] = good.astype(np.float64)
    if good.dtype.kind == "i":
        wrong["below all"] = np.full_like(good, np.iinfo(good.dtype).min)
        wrong["above all"] = np.full_like(good, np.iinfo(good.dtype).max)
    return wrong


def complaint(error: BaseException, names: tuple[str, ...]) -> str:
    """What is wrong with an error as an answer to a wrong value; "" if nothing is."""
    text = str(error)
    if not isinstance(error, TypeError | ValueError | FastcnnError | FileNotFoundError):
        return f"{type(error).__name__} is none of ours: {text[:150]!r}"
    if len(text) > LONGEST:
        return f"{len(text)} characters: {text[:150]!r}"
    if "\n" in text:
        return f"several lines: {text!r}"
    if re.search(r"array\(|tensor\(|\[[-\d.e+]+\s+[-\d.e+]+", text):
        return f"an array is printed: {text!r}"
    if not any(name in text for name in names):
        return f"it names none of {names}: {text!r}"
    return ""
