"""The rivals and their processes: one for each rival and number of threads, on as many cores.

A rival that is not installed, or cannot be imported, is kept by name with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from fastcnn.arrays import Array
from fastcnn.bench.harness.processes import on_cores
from fastcnn.bench.harness.timing import Rival
from fastcnn.bench.harness.worker import MissingError, Worker
from fastcnn.errors import FastcnnError
from fastcnn.kernels.precision import FLOAT32

TRAINING, INFERENCE = "training", "inference"


@dataclass(frozen=True)
class Engine:
    """A rival: its name, its file in this folder, and what it can do. bfloat16: whether its functions take that."""

    name: str
    file: str
    modes: tuple[str, ...] = (TRAINING, INFERENCE)
    bfloat16: bool = False


ENGINES = (
    Engine("PyTorch", "with_torch", bfloat16=True),
    Engine("TensorFlow", "with_tensorflow", bfloat16=True),
    Engine("JAX", "with_jax"),
    Engine("ONNX Runtime", "with_onnxruntime", (INFERENCE,)),
    Engine("OpenVINO", "with_openvino", (INFERENCE,), bfloat16=True),
)


def engines_in(precision: str) -> tuple[Engine, ...]:
    """The engines that have a form in a network's precision."""
    return tuple(engine for engine in ENGINES if precision == FLOAT32 or engine.bfloat16)


def engine_of(timed: str) -> str:
    """The engine of a timed rival's name, "PyTorch: channels_last, 2"."""
    return timed.rsplit(", ", 1)[0].split(": ")[0]


def threads_of(timed: str) -> int:
    return int(timed.rsplit(", ", 1)[1])


class Team:
    """All rivals that can be had, each in processes of its own. `versions` and `missing` say which.

    Parameters
    ----------
    threads : the numbers of threads
    engines : those to ask
    """

    def __init__(self, threads: Sequence[int], engines: Sequence[Engine] = ENGINES) -> None:
        self.versions: dict[str, str] = {}
        self.missing: dict[str, str] = {}
        self._stack = ExitStack()
        self._workers: dict[tuple[Engine, int], Worker] = {}
        try:
            for engine in engines:
                self._open(engine, threads)
        except BaseException as error:
            self._stack.__exit__(type(error), error, error.__traceback__)
            raise

    def _open(self, engine: Engine, threads: Sequence[int]) -> None:
        workers = {}
        for n in threads:
            with on_cores(n):
                workers[engine, n] = self._stack.enter_context(Worker())
        try:
            for worker in workers.values():
                self.versions[engine.name] = worker.call(f"rivals.{engine.file}.version")
        except FastcnnError as error:  # its process may also have ended
            self.versions.pop(engine.name, None)
            text = str(error)
            self.missing[engine.name] = text.split("; ")[0] if isinstance(error, MissingError) else text
        else:
            self._workers |= workers

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def build(
        self,
        mode: str,
        check: Callable[[str, list[Array]], None],
        checked: dict[str, Any],
        timed: dict[str, Any] | None,
    ) -> tuple[list[Rival], dict[str, str]]:
        """The rivals to time, whose answers were right, and why the others are left out.

        Parameters
        ----------
        mode : TRAINING or INFERENCE
        check : raises an error for a wrong answer; it gets the name and the answer
        checked : what the rivals are made of
        timed : the same for timing, where that is another network than the checked one; else None
        """
        rivals, left_out = [], dict(self.missing)
        for (engine, n), worker in self._workers.items():
            if mode not in engine.modes:
                continue
            target = f"rivals.{engine.file}.{mode}"
            try:
                found = worker.build(target, **checked, threads=n)
                for each in found:
                    check(_full_name(engine, each, n), worker.answer(each.name))
                if timed is not None:
                    found = worker.build(target, **timed, threads=n)
            except FastcnnError as error:
                left_out[engine.name] = str(error)
            else:
                rivals += [Rival(_full_name(engine, each, n), each.turn) for each in found]
        known = {engine.name for engine in ENGINES if mode in engine.modes}
        fit = [each for each in rivals if engine_of(each.name) not in left_out]
        return fit, {name: why for name, why in left_out.items() if name in known}


def _full_name(engine: Engine, version: Rival, threads: int) -> str:
    return f"{engine.name}{': ' if version.name else ''}{version.name}, {threads}"
