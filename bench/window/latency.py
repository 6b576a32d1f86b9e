"""Measure the time from a mouse move to the shown answer: `python -m bench gui-latency`.

The states are idle, and at work in the background: training, learning, measuring.

Between two looks for events the loop sleeps for 0.2 ms, as a real event loop sleeps until an event comes. Without that
it took a core and Python's lock from the threads that answer and work.

It also measures the longest time that the window's thread was held and why, and the time of the program's start.
Painting into the memory of the offscreen platform is included. The way to a real screen is not.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn.bench.harness.processes import environment, run_python
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown
from fastcnn.bench.window.holds import Watch, machine_longest_s, watching
from fastcnn.bench.window.window import FOLDERS, SEVEN, THREE, moves, open_window, process, settle, until
from fastcnn.errors import FastcnnError
from fastcnn.recognition.answer import digit_answer

MOVES, QUICK_MOVES = 600, 200  # in each state
# Limits of the 95th percentile. A quick run has 200 moves, and other programs may slow the machine. So there the limit
# is what a person feels as a delay, a tenth of a second (Nielsen, Usability Engineering, 1993, chapter 5).
LIMIT_MS, QUICK_LIMIT_MS = 30.0, 100.0
PAUSE_S = 0.008  # between two moves, as with a mouse that reports 125 times a second
LOOK_S = 0.0002  # between two looks for events
STARTS = 5
DRAWINGS = 8  # to learn from
MACHINE_S = 5.0
# The real program. It ends when its network has answered and the window is shown. Its clock is that of the system.
START = """
import sys, time
from fastcnn.gui.program import launch
checked = launch.check
def check():
    checked()
    from PyQt5.QtCore import QTimer
    from fastcnn.gui.program import app
    made = app.create_window
    def create_window(model=""):
        window = made(model)
        shown = []
        def look():
            if window.isVisible():
                shown.append(time.monotonic())
            if shown and window.networkInfoLabel.text():
                print(shown[0] - float(sys.argv[-1]), time.monotonic() - float(sys.argv[-1]))
                window.close()
        timer = QTimer(window)
        timer.timeout.connect(look)
        timer.start(1)
        return window
    app.create_window = create_window
launch.check = check
sys.exit(launch.run())
"""


def _measure(window: Any, watch: Watch, count: int, busy: Callable[[], object] | None = None) -> dict[str, Any]:
    """`count` moves: times from the event to the painted answer, and of each stretch of event handling.

    `busy` is called before each drawing, to keep the background at work.
    """
    waits_s: list[float] = []
    presenter = window.program.presenter
    watch.forget()
    while len(waits_s) < count:
        window.canvas.wipe()
        if busy is None:
            settle(window)
        else:
            busy()
            until(lambda: window.program.answers.idle)
        for stroke in (SEVEN, THREE):
            for send in moves(window.canvas, stroke):
                start = time.perf_counter()
                watch.run(send)
                while presenter.answer is None:
                    time.sleep(LOOK_S)
                    watch.run(process)
                watch.run(process)  # paint
                waits_s.append(time.perf_counter() - start)
                while time.perf_counter() - start < PAUSE_S:
                    time.sleep(LOOK_S)
                    watch.run(process)
    milliseconds = 1000 * np.array(waits_s[:count])
    return {
        "moves": count,
        "median_ms": float(np.median(milliseconds)),
        "p95_ms": float(np.percentile(milliseconds, 95)),
        "longest_ms": float(milliseconds.max()),
        "held": watch.summary(),
    }


def collect(hand: Any) -> None:
    """Drawings to learn from."""
    for number in range(DRAWINGS):
        field = np.zeros((28, 28), np.float32)
        field[4:24, 10 + number] = 1
        hand.correct(number, digit_answer(np.full(10, 0.1, np.float32), field))


def _start_s(bytecode: str) -> tuple[float, float]:
    """The time from the start of the process to the shown window, and to the network's first answer.

    `bytecode` is the folder where it finds its modules compiled, as those of an installed program are.
    """
    with tempfile.TemporaryDirectory() as folder:
        env = environment(QT_QPA_PLATFORM="offscreen", PYTHONPYCACHEPREFIX=bytecode, **dict.fromkeys(FOLDERS, folder))
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        shown_s, ready_s = map(float, run_python(["-c", START, str(time.monotonic())], env).stdout.split()[-2:])
    return shown_s, ready_s


def _starts_s() -> list[tuple[float, float]]:
    """Of five starts, after one that compiles the modules."""
    with tempfile.TemporaryDirectory() as bytecode:
        return [_start_s(bytecode) for _ in range(1 + STARTS)][1:]


def run(settings: Settings) -> dict[str, Any]:
    """All numbers; FastcnnError if the window follows the pen too slowly."""
    count = QUICK_MOVES if settings.quick else MOVES
    starts = _starts_s()
    found: dict[str, Any] = {
        "start_to_window_s": statistics.median(shown_s for shown_s, _ in starts),
        "start_to_ready_s": statistics.median(ready_s for _, ready_s in starts),
        "machine_longest_ms": 1000 * machine_longest_s(MACHINE_S),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
    with watching() as watch, open_window() as window:
        window.modeCombo.setCurrentIndex(1)
        pages = window.program.pages
        rows = [{"state": "idle", **_measure(window, watch, count)}]
        pages.training.start(100)
        until(lambda: len(pages.training.curves.losses) > 5)
        rows.append({"state": "training", **_measure(window, watch, count)})
        window.tabs.setCurrentWidget(pages.training_page)
        pages.training_page.try_it.setChecked(True)
        settle(window)
        rows.append({"state": "training, tried, its curves in sight", **_measure(window, watch, count)})
        found["images_per_second"] = pages.training.curves.images_per_second
        pages.training_page.try_it.setChecked(False)
        collect(pages.hand)
        settle(window)
        rows.append({"state": "training and learning at once", **_measure(window, watch, count, pages.hand.learn)})
        pages.training.stop()
        pages.hand.cancel()
        settle(window)
        rows.append({"state": "measuring", **_measure(window, watch, count, pages.browser.measure)})
    found["rows"] = rows
    settings.say(json.dumps(found, indent=1))
    slowest = max(row["p95_ms"] for row in rows)
    limit = QUICK_LIMIT_MS if settings.quick else LIMIT_MS
    if slowest > limit:
        raise FastcnnError(
            f"the answer to one move in twenty took {slowest:.1f} ms or longer, over {limit:g}; measure again on an "
            "idle machine"
        )
    return found


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = []
    for row in result["rows"]:
        held, of_it = row["held"], row["held"]["of_it"]
        rows.append((
            row["state"], f"{row['median_ms']:.1f} ms", f"{row['p95_ms']:.1f} ms", f"{row['longest_ms']:.1f} ms",
            f"{held['p999_ms']:.1f} ms", f"{held['longest_ms']:.1f} ms", f"{of_it['working_ms']:.1f} ms",
            f"{of_it['queueing_for_a_processor_ms']:.1f} ms", f"{of_it['waiting_for_other_threads_ms']:.1f} ms",
        ))  # fmt: skip
    header = (
        "state", "move to answer: median", "95th percentile", "longest", "thread held: 99.9th percentile", "longest",
        "of it at work", "queueing for a processor", "waiting for other threads",
    )  # fmt: skip
    start, ready, machine = result["start_to_window_s"], result["start_to_ready_s"], result["machine_longest_ms"]
    return markdown.table(header, rows) + (
        f"\nCores: {result['cores']}. From the start of the process to the window {start:.2f} s, until the network "
        f"can answer {ready:.2f} s. A loop that does nothing else was held for up to {machine:.1f} ms.\n"
    )
