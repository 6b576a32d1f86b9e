"""Draw for 30 minutes and measure the window's memory: `python -m bench gui-soak` (`--quick`: some two minutes).

Half of the time somebody draws and looks at all pages. Then a network is trained meanwhile, the drawings are learned,
and the committee answers. At the end trainings and learnings begin and end several times. It fails if drawing makes the
process grow by more than a few megabytes after a first part of the time, if a further training or learning does, if the
process is too large, or if it had to compile a kernel. The quick form learns in few steps and measures few pictures.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from fastcnn.bench.harness.processes import environment, run_python
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown
from fastcnn.bench.window.latency import collect
from fastcnn.bench.window.window import SEVEN, THREE, draw, open_window, process, settle, until
from fastcnn.errors import FastcnnError

MINUTES, QUICK_MINUTES = 30.0, 0.75
POINTS = 10  # measurements of the memory in the results
WARM_SHARE, WARM_ROUNDS = 0.1, 40  # of the time, before growth counts; every page was open five times then
DRAWING_SHARE, TRAINING_SHARE = 0.5, 0.8  # of the time, until they end
COMMITTEE_S = 5.0  # at least
REST_S, QUICK_REST_S = 2.0, 0.3  # after a round while something works: a job waits for somebody who draws
REPEATS = 4  # trainings and learnings at the end; the first two may still make something that stays
SHORT_STEPS, SHORT_PICTURES = 30, 500  # of a learning in the quick form
MOST_MB = 320.0  # while somebody draws: 130 of it are the files of LLVM and Qt, which programs share
WORKING_MOST_MB = 390.0  # measured: 366 for training and learning at once; docs/tried.md says where they are
ALLOWED_MB = 8.0  # the window keeps two hundred states for undo, and the memory of Python varies
FILL = "from fastcnn.bench.window.soak import use_everything; use_everything()"
EPOCHS = 1000  # of a training that does not end by itself
DRAWING, TRAINING, LEARNING, COMMITTEE = "drawing", "training", "training and learning", "the committee"


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _in_use_mb() -> float:
    """Without gaps between what is in use: they differ from time to time, by more than is allowed."""
    from fastcnn.gui.program.memory import trim

    gc.collect()
    trim()
    return _memory_mb()


class _Soak:
    """The rounds of one window, and its memory after each."""

    def __init__(self, settings: Settings, window: Any, total_s: float) -> None:
        self._say, self._window = settings.say, window
        self._interval_s = total_s / POINTS
        self._rest_s = QUICK_REST_S if settings.quick else REST_S
        self._start_s = self._last_s = time.perf_counter()
        self.rounds = 0
        self.points: list[dict[str, Any]] = []
        self.most_mb: dict[str, float] = {}

    @property
    def elapsed_s(self) -> float:
        return time.perf_counter() - self._start_s

    def go_on(self, state: str, condition: Callable[[], bool]) -> None:
        """Draw while a condition holds, at least once."""
        while True:
            _round(self._window, self.rounds)
            self.rounds += 1
            memory_mb = _memory_mb()
            self.most_mb[state] = max(memory_mb, self.most_mb.get(state, 0.0))
            if state in (TRAINING, LEARNING):
                _wait(self._rest_s)
            goes_on = condition()
            if time.perf_counter() - self._last_s > self._interval_s or not goes_on:
                self._last_s = time.perf_counter()
                point: dict[str, Any] = {
                    "state": state,
                    "minutes": self.elapsed_s / 60,
                    "rounds": self.rounds,
                    "memory_mb": memory_mb,
                }
                self.points.append(point)
                self._say("{minutes:5.1f} min  {state}  {rounds} rounds  {memory_mb:.1f} MB".format(**point))
            if not goes_on:
                return


@contextmanager
def _compiling_nothing() -> Iterator[None]:
    """FastcnnError at the end if this process has compiled a kernel meanwhile: that takes 40 MB, which stay."""
    from fastcnn.kernels.cpu.toolchain.cache import store

    before, kept = store.compiled, _kept_kernels()
    yield
    if count := store.compiled - before:
        names = sorted({name.rpartition("-")[0] for name in _kept_kernels() - kept}) or [f"not kept: {store.reason}"]
        raise FastcnnError(
            f"the measured process compiled kernels, {count} ({', '.join(names)}), which takes memory: "
            "`use_everything` must call them before it"
        )


def _kept_kernels() -> set[str]:
    """The files of the kernels that are in the cache."""
    from fastcnn.kernels.cpu.toolchain.cache import store

    return set() if store.folder is None else {path.name for path in store.folder.glob("*.kernel")}


def run(settings: Settings) -> dict[str, Any]:
    """The memory at some times and the most in each state; FastcnnError if it grew or is too large."""
    # Compiling kernels needs more memory than the window. It happens once on a machine, so not in this process.
    run_python(["-c", FILL], environment(QT_QPA_PLATFORM="offscreen"))
    total_s = 60 * (QUICK_MINUTES if settings.quick else MINUTES)
    with _compiling_nothing(), open_window() as window, _short_learning(settings.quick):
        soak = _Soak(settings, window, total_s)
        soak.go_on(DRAWING, lambda: soak.elapsed_s < WARM_SHARE * total_s or soak.rounds < WARM_ROUNDS)
        warm_mb = _in_use_mb()
        soak.go_on(DRAWING, lambda: soak.elapsed_s < DRAWING_SHARE * total_s or soak.rounds < 2 * WARM_ROUNDS)
        end_mb = _in_use_mb()
        _work(window, soak, total_s)
        growths_mb = {"drawing": end_mb - warm_mb}
        growths_mb |= {what: _growth_mb(window, job) for what, job in (("training", _train), ("learning", _learn))}
    found = {"minutes": soak.elapsed_s / 60, "rounds": soak.rounds, "warm_mb": warm_mb, "end_mb": end_mb}
    settings.say(f"{soak.rounds} rounds: {warm_mb:.1f} MB when warm, {end_mb:.1f} MB before any work")
    settings.say("growth: " + ", ".join(f"{what} {growth_mb:.1f} MB" for what, growth_mb in growths_mb.items()))
    for what, growth_mb in growths_mb.items():
        if growth_mb > ALLOWED_MB:
            raise FastcnnError(f"{what} makes the window's memory grow by {growth_mb:.1f} MB: find out what stays")
    for state, most_mb in soak.most_mb.items():
        limit = MOST_MB if state == DRAWING else WORKING_MOST_MB
        if most_mb > limit:
            raise FastcnnError(f"{state} needs {most_mb:.1f} MB of memory, over {limit:g}: find out what is too large")
    return {**found, "growths_mb": growths_mb, "most_mb": soak.most_mb, "rows": soak.points}


def _wait(seconds: float) -> None:
    end_s = time.perf_counter() + seconds
    until(lambda: time.perf_counter() > end_s)


@contextmanager
def _short_learning(quick: bool) -> Iterator[None]:
    """In the quick form a learning takes seconds, not a minute; its arrays are as large."""
    from fastcnn.gui.logic import hand, learning
    from fastcnn.gui.logic.engine import test_pictures

    if not quick:
        yield
        return
    few = tuple(each[:SHORT_PICTURES] for each in test_pictures())
    with mock.patch.object(learning, "STEPS", SHORT_STEPS), mock.patch.object(hand, "test_pictures", lambda: few):
        yield


def _work(window: Any, soak: _Soak, total_s: float) -> None:
    """Train for most of the time left, learn while it trains, and then let the committee answer."""
    pages = window.program.pages
    collect(pages.hand)
    _start_training(window)
    soak.go_on(TRAINING, lambda: soak.elapsed_s < TRAINING_SHARE * total_s)
    pages.hand.learn()
    soak.go_on(LEARNING, lambda: pages.hand.is_learning)
    pages.hand.discard()
    _stop_training(window)
    pages.networks.choose("committee")
    settle(window)
    end_s = max(total_s, soak.elapsed_s + COMMITTEE_S)
    soak.go_on(COMMITTEE, lambda: soak.elapsed_s < end_s)
    pages.networks.choose("default")
    settle(window)


def _start_training(window: Any) -> None:
    training = window.program.pages.training
    training.start(EPOCHS)
    until(lambda: bool(training.curves.losses))


def _stop_training(window: Any) -> None:
    training = window.program.pages.training
    training.stop()
    until(lambda: not training.is_active)


def _train(window: Any) -> None:
    _start_training(window)
    _stop_training(window)


def _learn(window: Any) -> None:
    hand = window.program.pages.hand
    hand.learn()
    while hand.is_learning:  # longer than `until` waits
        process()
        time.sleep(0.001)
    hand.discard()


def _growth_mb(window: Any, job: Callable[[Any], None]) -> float:
    """How much larger the process is after the last of some equal jobs than after the second."""
    after = []
    for _ in range(REPEATS):
        job(window)
        settle(window)
        _round(window, 0)
        after.append(_in_use_mb())
    return after[-1] - after[1]


def use_everything() -> None:
    """Draw and recognize on every page, train, learn and ask the committee: all kernels are in the cache then."""
    with open_window() as window, _short_learning(quick=True):
        pages = window.program.pages
        for number in range(window.tabs.count()):
            _round(window, number)
        _train(window)
        collect(pages.hand)
        settle(window)
        _learn(window)
        pages.networks.choose("committee")
        settle(window)
        for number in range(window.tabs.count()):
            _round(window, number)


def _round(window: Any, number: int) -> None:
    """Two drawings and a test picture, each recognized, on one page after the other."""
    window.tabs.setCurrentIndex(number % window.tabs.count())
    window.modeCombo.setCurrentIndex(1)
    for stroke in (SEVEN, THREE):
        window.canvas.wipe()
        draw(window.canvas, stroke)
        window.recognizeButton.click()
        _answered(window)
    window.modeCombo.setCurrentIndex(0)
    window.drawButton.click()
    window.recognizeButton.click()
    _answered(window)


def _answered(window: Any) -> None:
    """Handle events until all answers are shown. Training and learning may go on."""
    process()
    until(lambda: window.program.answers.idle and window.program.work.idle)
    process()


def tabulate(result: Any) -> str:
    """The documentation's table. Records up to 2026-11-27 are of drawing alone."""
    rows = [
        (f"{row['minutes']:.0f}", row.get("state", DRAWING), f"{row['rounds']:,}", f"{row['memory_mb']:.1f} MB")
        for row in result["rows"]
    ]
    table = markdown.table(("minutes", "state", "rounds", "memory"), rows)
    most = "; ".join(f"{state} {most_mb:.0f} MB" for state, most_mb in result.get("most_mb", {}).items())
    return f"{table}\nMost: {most}.\n" if most else table
