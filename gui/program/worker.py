"""Run jobs one after the other on a separate thread, and bring the answers back to the GUI thread."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from PyQt5.QtCore import QObject, pyqtSignal

from fastcnn.gui.logic.jobs import Failed
from fastcnn.gui.program.memory import trim

STOP_TIMEOUT_S = 5.0  # compiling a kernel may take longer; then the process ends without waiting for it
# The nice value of threads that train, so that the window's thread comes first on busy processors. 5 does not help
# (docs/tried.md).
NICE = 10
LEAST = 19


class _Job(NamedTuple):
    run: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Failed | None
    replaceable: bool = False
    kept: bool = False  # whether it is done even after `drop`


class Worker(QObject):
    """A queue and a thread; a `logic.jobs.Jobs`.

    Parameters
    ----------
    name : the name of the thread
    polite : whether its jobs are long and give way to all other threads, where threads have priorities (Linux)
    tell : called on the GUI thread with a job's error that the user must know

    The thread starts with the first job. After `stop` or `drop` nothing is called back.
    """

    _call = pyqtSignal(object)

    def __init__(
        self, name: str, tell: Callable[[Exception], None], parent: QObject | None = None, *, polite: bool = False
    ) -> None:
        super().__init__(parent)
        self._name, self._tell, self._polite = name, tell, polite
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._busy = False
        self._on_their_way = 0  # calls from the worker's thread that the GUI thread has not made yet
        # A signal from the worker's thread is queued: Qt compares the thread of the emit with that of the receiver.
        self._call.connect(self._run_here)

    @property
    def idle(self) -> bool:
        """Whether nothing waits or runs and every answer has arrived."""
        with self._changed:
            return not (self._waiting or self._busy or self._on_their_way)

    def submit(self, job: Callable[[], Any], done: Callable[[Any], None], failed: Failed | None = None) -> None:
        """See `logic.jobs.Jobs`."""
        self._put(_Job(job, done, failed))

    def keep(self, job: Callable[[], Any], done: Callable[[Any], None], failed: Failed | None = None) -> None:
        """See `logic.jobs.Jobs`."""
        self._put(_Job(job, done, failed, kept=True))

    def replace(self, job: Callable[[], Any], done: Callable[[Any], None], failed: Failed | None = None) -> None:
        """See `logic.jobs.Jobs`."""
        with self._changed:
            self._waiting = deque(each for each in self._waiting if not each.replaceable)
            self._put(_Job(job, done, failed, replaceable=True))

    def post(self, call: Callable[[], None]) -> None:
        """See `logic.jobs.Jobs`."""
        # Under the lock: after `drop` the window may be deleted, and a signal on its way would read freed memory.
        with self._changed:
            if not self._stopped:
                self._on_their_way += 1
                self._call.emit(call)

    def drop(self) -> None:
        """Forget the waiting jobs but those to keep, and call nothing back. The running job goes on.

        Only after this may the worker's window be deleted.
        """
        with self._changed:
            self._stopped = True
            self._waiting = deque(each for each in self._waiting if each.kept)
            self._changed.notify_all()

    def join(self, timeout_s: float) -> None:
        """After `drop`, wait at most this long for the running job and those that are kept."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _put(self, job: _Job) -> None:
        with self._changed:
            if self._stopped:
                return
            self._waiting.append(job)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        if self._polite and sys.platform == "linux":
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, min(LEAST, os.getpriority(os.PRIO_PROCESS, thread) + NICE))
        while True:
            with self._changed:
                self._busy = False
                self._changed.wait_for(lambda: self._stopped or bool(self._waiting))
                if not self._waiting:
                    return
                job = self._waiting.popleft()
                self._busy = True
            if self._polite:
                trim()  # what pages and answers have left free, before a long job takes more
            self._run(job)
            del job  # otherwise its pictures stay in memory until the next job
            if self._polite:
                trim()

    def _run(self, job: _Job) -> None:
        try:
            value = job.run()
        except Exception as error:
            # A lambda would make a cycle of this frame and the error, and what the job used would stay in memory until
            # the collector finds it: 47 MB of a stopped training's pictures.
            self.post(partial(self._job_failed, job, error))
        else:
            self.post(lambda: job.done(value))

    def _job_failed(self, job: _Job, error: Exception) -> None:
        if job.failed is None or job.failed(error):
            self._tell(error)

    def _run_here(self, call: Callable[[], None]) -> None:
        try:
            if not self._stopped:
                call()
        finally:
            with self._changed:
                self._on_their_way -= 1


def stop(*workers: Worker) -> None:
    """End the work of all workers. Together their running jobs have STOP_TIMEOUT_S to finish."""
    for worker in workers:
        worker.drop()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for worker in workers:
        worker.join(max(0.0, deadline - time.monotonic()))
