"""Silence while a picture is decoded: Pillow warns and logs, and libtiff prints on stderr by itself.

These are settings of the whole process. So all threads are silent together: the first that decodes sets them and the
last sets them back; each on its own would leave them as another had found them.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

_lock = threading.Lock()  # never held while a picture is decoded
_users = 0
_context: AbstractContextManager[None] | None = None


@cache
def _set_libtiff_handler() -> Callable[[int | None], int | None]:
    """libtiff's own function that sets what is called on an error and returns what was; else one that does nothing."""
    import ctypes

    from PIL import _imaging

    try:
        # Looked up in the libraries that Pillow has loaded; where libtiff is hidden inside Pillow it is not found.
        found = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (AttributeError, OSError):
        return lambda handler: None
    found.restype, found.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    return found


@contextmanager
def _silence() -> Iterator[None]:
    from PIL import Image

    before = _set_libtiff_handler()(None)
    # Without any handler logging prints on stderr; with this one only those are called that somebody has set up.
    nowhere, logger = logging.NullHandler(), logging.getLogger("PIL")
    logger.addHandler(nowhere)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        logger.removeHandler(nowhere)
        _set_libtiff_handler()(before)


@contextmanager
def decoding() -> Iterator[None]:
    """Within it nothing is printed about pictures, and Pillow's warning of a very large one is an error."""
    global _users, _context
    with _lock:
        if _context is None:
            _context = _silence()
            _context.__enter__()
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _context.__exit__(None, None, None)
                _context = None
