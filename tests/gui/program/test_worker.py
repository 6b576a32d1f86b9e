"""After `drop` a worker's window may be deleted: no signal may be on its way from the thread then."""

from __future__ import annotations

import gc
import threading
import weakref

from fastcnn.gui.program.worker import Worker


class Signal:
    """In place of Qt's signal, which reads the worker's memory without Python's lock. Meanwhile it is dropped."""

    def __init__(self, worker):
        self._worker, self.count, self.dropped_meanwhile = worker, 0, False

    def emit(self, call):
        self.count += 1
        self.dropping = threading.Thread(target=self._worker.drop)
        self.dropping.start()
        self.dropping.join(0.5)
        self.dropped_meanwhile = not self.dropping.is_alive()


def test_a_worker_is_not_dropped_while_its_thread_calls_back(qapp):
    worker = Worker("work", print)
    worker._call = signal = Signal(worker)
    worker.post(print)
    assert not signal.dropped_meanwhile, "then its window can be deleted under the signal"
    signal.dropping.join(60)
    worker.post(print)
    assert signal.count == 1
    assert worker._stopped


class Pictures:
    """What a job has in memory."""


def test_a_failed_job_leaves_the_memory_at_once(qtbot):
    """A stopped training is one: it ends by an error. No cycle may keep its pictures until the collector comes."""
    left, told = [], []

    def job():
        pictures = Pictures()
        left.append(weakref.ref(pictures))
        raise ValueError("stopped")

    worker = Worker("work", told.append)
    gc.collect()
    gc.disable()
    try:
        worker.submit(job, print, lambda error: False)
        qtbot.waitUntil(lambda: worker.idle)
        assert left[0]() is None
    finally:
        gc.enable()
        worker.drop()
