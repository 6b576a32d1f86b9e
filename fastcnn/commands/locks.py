"""One writer at a time: a process locks the files that it will write. A second process gets an error that names it.

The lock is one of the operating system, on a hidden file next to the file that is written. So it always ends with the
process. The process removes the hidden file, or else the next process uses it.
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
    """The hidden file next to a file. It is the same for all links to the file, and its name is always short."""
    target = Path(os.path.realpath(path))
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    return target.with_name(f".{target.name[:40]}.{digest}.lock")


@contextlib.contextmanager
def held(paths: Iterable[Path], timeout_s: float = 0.0) -> Iterator[None]:
    """Hold the locks of these files inside the context.

    timeout_s : how long to wait for each

    Raises
    ------
    FastcnnError
        If another process holds a lock, or the folder cannot be written.
    """
    with contextlib.ExitStack() as stack:
        for path in paths:
            stack.enter_context(_held(path, timeout_s))
        yield


@contextlib.contextmanager
def _held(path: Path, timeout_s: float) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = lock_path(path)
    holder = _holder(lock)  # read before the attempt, which may erase the holder's entry
    try:
        with FileLock(lock, timeout=timeout_s):
            now = datetime.now().astimezone().isoformat(" ", "seconds")
            lock.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}))
            try:
                yield
            finally:
                # Remove it while it is locked: a process that opened it before sees that it is gone.
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
