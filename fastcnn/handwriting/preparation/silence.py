"""Print nothing while a picture is decoded: Pillow warns and logs, and libtiff prints on stderr.

The settings for this belong to the whole process. So the first thread that decodes changes them, and the last one
restores them. If each thread did so alone, it could restore what another thread had changed.
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
    """The function of libtiff that sets the handler of errors and returns the old one; or one that does nothing."""
    import ctypes

    from PIL import _imaging

    try:
        # Pillow has loaded libtiff. The function is not found if libtiff is hidden inside Pillow.
        found = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (AttributeError, OSError):
        return lambda handler: None
    found.restype, found.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    return found


@contextmanager
def _silence() -> Iterator[None]:
    from PIL import Image

    before = _set_libtiff_handler()(None)
    # Without a handler, logging prints on stderr. With this one it calls only handlers that a user has set.
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
    """Inside this context nothing is printed about pictures, and Pillow's warning of a very large one is an error."""
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
