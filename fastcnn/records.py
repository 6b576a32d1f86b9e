"""How a record is shown as text: arrays by dtype and shape, because hundreds of numbers tell nobody anything."""

from __future__ import annotations

from typing import Any

import numpy as np


def representation(record: Any) -> str:
    """The record's class and its fields: a dataclass or a NamedTuple."""
    fields = record._asdict() if hasattr(record, "_asdict") else vars(record)
    return f"{type(record).__name__}({', '.join(f'{name}={_told(value)}' for name, value in fields.items())})"


def _told(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    if type(value) is tuple and any(isinstance(each, np.ndarray) for each in value):
        return f"({', '.join(map(_told, value))})"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
