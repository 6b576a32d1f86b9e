"""What holds a thread is told apart: its own work, garbage collection, and waiting for another thread."""

import gc
import threading
import time

import pytest

from fastcnn.bench.window.holds import LIMIT_S, watching


def _work(seconds):
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


def test_work_and_waiting_are_told_apart():
    with watching() as watch:
        watch.run(lambda: _work(0.03))
        working = watch.longest
        watch.forget()
        watch.run(lambda: threading.Event().wait(0.05))
        waiting = watch.longest
    assert working.working_s == pytest.approx(0.03, abs=0.01) and working.waited_s < 0.02
    assert waiting.working_s < 0.01 and waiting.waited_s > 0.03
    assert waiting.elapsed_s == pytest.approx(waiting.working_s + waiting.queueing_s + waiting.waited_s)


def test_stacks_of_a_long_stretch_name_what_ran_and_a_short_one_has_none():
    with watching() as watch:
        watch.run(lambda: None)
        assert watch.longest.stacks == ""
        watch.run(lambda: _work(2 * LIMIT_S))
        assert "in _work" in watch.longest.stacks and 'File "/' not in watch.longest.stacks
        assert watch.summary()["over_16_ms"] == 1


def test_garbage_collection_is_counted():
    with watching() as watch:
        watch.run(gc.collect)
        assert 0 < watch.longest.collecting_s <= watch.longest.elapsed_s
    assert watch.collecting not in gc.callbacks
