"""One writer at a time: a process holds the files that it will write, and a second one is told who does.

The lock is the system's, on a hidden file beside the one that is written, so it ends with the process, however that
ends; the hidden file goes with it, or when the next process takes it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from fastcnn.errors import FastcnnError


def lock_path(path: Path) -> Path:
    """The hidden file beside it; the same for all links to a file, and short for every name."""
    target = Path(os.path.realpath(path))
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    return target.with_name(f".{target.name[:40]}.{digest}.lock")


@contextlib.contextmanager
def held(paths: Iterable[Path]) -> Iterator[None]:
    """Hold these files within.

    Raises
    ------
    FastcnnError
        If another process holds one, or the folder cannot be written.
    """
    with contextlib.ExitStack() as stack:
        for path in paths:
            stack.enter_context(_held(path))
        yield


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = lock_path(path)
    holder = _holder(lock)  # before the attempt: it must not cost the holder its entry
    try:
        with FileLock(lock, timeout=0):
            now = datetime.now().astimezone().isoformat(" ", "seconds")
            lock.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}))
            try:
                yield
            finally:
                # While it is held: a process that opened the file before finds it gone, and does not take it for held.
                with contextlib.suppress(OSError):
                    lock.unlink()
    except Timeout:
        raise FastcnnError(f"{path} is being written by {holder}; wait for its end or choose another --out") from None


def _holder(lock: Path) -> str:
    try:
        found = json.loads(lock.read_text())
        return f"process {found['pid']} on {found['host']} since {found['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
