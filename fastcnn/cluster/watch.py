"""Which process of a job was killed: the one that ended first. Its launcher kills the others, and then names any.

A job also ends with the process that has started it.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

LAUNCHER = -1  # in the place of a rank
SEEN, ENDS = ".seen", ".ends"  # so end the names of files in the job's folder: the rank is watched; it ends by itself
LOOK_S = 0.01  # between two looks for ranks that have begun


def processes(folder: Path, ranks: int) -> dict[int, int]:
    """The process of each rank that has left its number in the job's folder."""
    found = {}
    for rank in range(ranks):
        try:
            found[rank] = int((folder / str(rank)).read_text())
        except (OSError, ValueError):
            continue
    return found


def end_with(starter: int, folder: Path) -> None:
    """Wait until the process that has started the job ends; then interrupt this one, as Ctrl-C does.

    If it has removed the job's folder, it has said all, and this process ends without a word.
    """
    if sys.platform != "linux":
        return
    try:
        file = os.pidfd_open(starter)
    except ProcessLookupError:
        pass
    else:
        select.select([file], [], [])
        os.close(file)
    if not folder.exists():
        os._exit(1)
    shutil.rmtree(folder, ignore_errors=True)
    os.kill(os.getpid(), signal.SIGINT)


class Watch(threading.Thread):
    """Notes in which order the processes of a job end, until its launcher has ended.

    The kernel appends each process that ends to a list. So the order is right even if this thread wakes late, when all
    have ended. Where there is no such list (macOS), nothing is noted.
    """

    works = sys.platform == "linux"

    def __init__(self, launcher: int, folder: Path, ranks: int) -> None:
        super().__init__(daemon=True)
        self._folder, self._ranks = folder, ranks
        self._names: dict[int, int] = {}  # the rank of each open file
        self._ended: list[int] = []
        if sys.platform == "linux":
            self._events, self._open = select.epoll(), ExitStack()
            self._open.callback(self._events.close)
            self._add(LAUNCHER, launcher)

    def killed(self) -> int | None:
        """The rank, or the launcher, that ended first without a word. Waits for the launcher to end."""
        self.join()
        return next((each for each in self._ended if not (self._folder / f"{each}{ENDS}").exists()), None)

    def run(self) -> None:
        """Watch, in a thread."""
        if sys.platform != "linux":
            return
        with self._open:
            while LAUNCHER not in self._ended:
                waits = len(self._names) <= self._ranks  # the launcher is one more
                if waits:
                    self._look_for_ranks()
                for file, _ in self._events.poll(LOOK_S if waits else None, self._ranks + 1):
                    self._events.unregister(file)
                    self._ended.append(self._names[file])

    def _look_for_ranks(self) -> None:
        for rank, process in processes(self._folder, self._ranks).items():
            if rank not in self._names.values() and rank not in self._ended:
                self._add(rank, process)
                (self._folder / f"{rank}{SEEN}").touch()

    def _add(self, rank: int, process: int) -> None:
        if sys.platform == "linux":
            try:
                file = os.pidfd_open(process)
            except ProcessLookupError:  # the launcher has noticed its end already
                self._ended.append(rank)
                return
            self._open.callback(os.close, file)
            self._names[file] = rank
            self._events.register(file, select.EPOLLIN)
