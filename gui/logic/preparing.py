"""How far the first start on a machine is: it compiles the kernels, which takes about 10 s. Later starts read them."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

CACHE = "fastcnn.kernels.cpu.toolchain.cache"
USUAL = 28  # kernels that the answers of the default network need, on a CPU with AVX2
MOST_SHARE = 0.95  # until it has answered


class Progress(NamedTuple):
    """The share that is done, 0 to 1, and whether the result is kept for later starts."""

    share: float
    is_kept: bool


def progress() -> Progress | None:
    """The progress of the compilation; None if nothing is being compiled."""
    cache: Any = sys.modules.get(CACHE)  # the thread that answers imports it, which takes too long for the window's
    store = getattr(cache, "store", None)
    if store is None or not store.compiles:
        return None
    return Progress(min(MOST_SHARE, store.compiled / USUAL), store.writable)
