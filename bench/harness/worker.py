"""A separate process for the other side, so that PyTorch runs as in a program that uses only PyTorch.

In one process both would share the OpenMP library that was loaded first, with its threads and its way of waiting. The
process of one side sleeps during the other side's turn.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from fastcnn.arrays import Array
from fastcnn.bench.harness.timing import Rival
from fastcnn.errors import FastcnnError

LONGEST = 120  # characters of another library's error


class MissingError(FastcnnError):
    """What the other side needs is not installed, or cannot be imported."""


@dataclass(frozen=True)
class Entry:
    """Something that a worker can time. answer() computes and returns the arrays for the check."""

    turn: Callable[[float], list[float]]
    answer: Callable[[], list[Array]]


class Worker:
    """A process that builds entries with a function of this package, and times them on request."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with _no_interrupt():
            self._process.start()
        theirs.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, error: object, *_: object) -> None:
        self._pipe.close()
        self._process.join(10 if error is None else 0)  # after Ctrl-C nobody waits for another library's compiler
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(10)

    def build(self, target: str, **arguments: Any) -> list[Rival]:
        """Replace the worker's entries with those that "folder.module.function" of `bench` returns in the worker."""
        names = self._ask("build", target, arguments)
        return [Rival(name, self._turn_of(name)) for name in names]

    def call(self, target: str, **arguments: Any) -> Any:
        """What "folder.module.function" of `bench` returns in the worker."""
        return self._ask("call", target, arguments)

    def answer(self, name: str) -> list[Array]:
        """The arrays that one entry computes."""
        return list(self._ask("answer", name))

    def _turn_of(self, name: str) -> Callable[[float], list[float]]:
        return lambda turn_s: list(self._ask("turn", name, turn_s))

    def _ask(self, *request: Any) -> Any:
        try:
            self._pipe.send(request)
            failed, reply = self._pipe.recv()
        except (EOFError, OSError):
            raise FastcnnError("the process of the other side ended; is there enough memory?") from None
        if failed:
            raise failed(reply)
        return reply


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """What starts inside never gets Ctrl-C, which a terminal sends to all processes. Its owner ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # children inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _silence() -> None:
    """Other libraries print greetings and warnings, which would be in the middle of a table or of JSON."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _serve(pipe: Connection) -> None:
    """The worker's loop, until its owner closes the pipe. What goes wrong is said through the pipe, and only there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _silence()
    for name in [name for name in os.environ if name.startswith(("OMP_", "GOMP_", "OPENBLAS_"))]:
        del os.environ[name]  # settings of fastcnn for itself
    entries: dict[str, Entry] = {}
    while True:
        try:
            kind, *details = pipe.recv()
        except EOFError:
            return
        try:
            if kind == "build":
                entries.clear()  # frees memory before the next arrays are made
                entries.update(_call(*details))
                reply: Any = list(entries)
            elif kind == "call":
                reply = _call(*details)
            elif kind == "answer":
                reply = entries[details[0]].answer()
            else:
                reply = entries[details[0]].turn(details[1])
            pipe.send((None, reply))
        except ModuleNotFoundError as error:
            pipe.send((MissingError, f'{error.name} is missing; install the extra: pip install ".[bench]"'))
        except FastcnnError as error:
            pipe.send((type(error), str(error)))
        except Exception as error:
            failed = MissingError if isinstance(error, ImportError) else FastcnnError
            pipe.send((failed, f"{type(error).__name__} on the other side: {' '.join(str(error).split())[:LONGEST]}"))


def _call(target: str, arguments: dict[str, Any]) -> Any:
    module, function = target.rsplit(".", 1)
    return getattr(importlib.import_module(f"fastcnn.bench.{module}"), function)(**arguments)
