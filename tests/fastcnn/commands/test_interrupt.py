"""Ctrl-C reaches the program everywhere, also out of a callback that would swallow it."""

from __future__ import annotations

import ctypes
import signal
import threading
import time

import pytest

from fastcnn.commands.interrupt import interruptible


def test_ctrl_c_raises():
    with pytest.raises(KeyboardInterrupt), interruptible():
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_of_a_key_that_is_held_raises_once():
    said = []
    with interruptible():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            for _ in range(5):
                signal.raise_signal(signal.SIGINT)
            said.append("interrupted")
    with pytest.raises(KeyboardInterrupt), interruptible():  # the next command
        signal.raise_signal(signal.SIGINT)
    assert said == ["interrupted"]


def test_ctrl_c_in_a_callback_of_the_compiler_is_put_off():
    came_back = []

    def _raw_object_cache_notify():
        signal.raise_signal(signal.SIGINT)
        came_back.append(True)

    callback = ctypes.CFUNCTYPE(None)(_raw_object_cache_notify)
    with pytest.raises(KeyboardInterrupt), interruptible():
        callback()
        assert came_back
        for _ in range(1_000):
            time.sleep(0.01)


def test_the_handler_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    with interruptible():
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_other_handlers_and_threads_are_left_alone(monkeypatch):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)

    def enter():
        with interruptible():
            entered.append(signal.getsignal(signal.SIGINT))

    entered = []
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [before]
