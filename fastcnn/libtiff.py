"""Silence for libtiff, which prints what is wrong with a file on stderr itself, before Pillow raises its error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

_lock = threading.Lock()  # never held while a picture is decoded
_users = 0
_printing: int | None = None  # libtiff's handler while it is silent


@cache
def _setter() -> Callable[[int | None], int | None]:
    """libtiff's own function that sets the handler of errors and returns the one before; without it nothing is done."""
    import ctypes

    from PIL import Image

    try:
        # Looked up in the libraries that Pillow has loaded; where libtiff is hidden inside Pillow it is not found.
        found = ctypes.CDLL(Image.core.__file__).TIFFSetErrorHandler
    except (AttributeError, OSError, TypeError):
        return lambda handler: None
    found.restype, found.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    setter: Callable[[int | None], int | None] = found
    return setter


@contextmanager
def silent_libtiff() -> Iterator[None]:
    """Within it libtiff prints nothing, in no thread; after the last that is within it, it does what it did before."""
    global _users, _printing
    with _lock:
        if _users == 0:
            _printing = _setter()(None)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _setter()(_printing)
