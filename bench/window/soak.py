"""Draw and recognize for 30 minutes and measure the memory: `python -m bench gui-soak` (`--quick`: half a minute).

It fails if the process has grown by more than a few megabytes after a first part of the time, or is too large.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from fastcnn.bench.harness.processes import environment, run_python
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown
from fastcnn.bench.window.window import SEVEN, THREE, draw, open_window, settle
from fastcnn.errors import FastcnnError

MINUTES, QUICK_MINUTES = 30.0, 0.5
POINTS = 10  # measurements of the memory in the results
WARM_SHARE = 0.2  # share of the time before memory counts
MOST_MB = 320.0  # at any time
ALLOWED_MB = 8.0  # the window keeps two hundred states for undo, and the memory of Python varies
FILL = "from fastcnn.bench.window.soak import visit_all_pages; visit_all_pages()"


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run(settings: Settings) -> dict[str, Any]:
    """The memory at some times; FastcnnError if it grew."""
    # Compiling kernels needs more memory than the window. It happens once on a machine, so not in this process.
    run_python(["-c", FILL], environment(QT_QPA_PLATFORM="offscreen"))
    total_s = 60 * (QUICK_MINUTES if settings.quick else MINUTES)
    warm_mb = 0.0
    rounds = 0
    points = []
    with open_window() as window:
        start = last_s = time.perf_counter()
        while (elapsed_s := time.perf_counter() - start) < total_s:
            _round(window, rounds)
            rounds += 1
            if not warm_mb and elapsed_s > WARM_SHARE * total_s:
                warm_mb = _memory_mb()
            if time.perf_counter() - last_s > total_s / POINTS:
                last_s = time.perf_counter()
                points.append({"minutes": elapsed_s / 60, "rounds": rounds, "memory_mb": _memory_mb()})
                settings.say("{minutes:5.1f} min  {rounds} rounds  {memory_mb:.1f} MB".format(**points[-1]))
        end_mb = _memory_mb()
    settings.say(f"{rounds} rounds in {total_s / 60:g} minutes: {warm_mb:.1f} MB when warm, {end_mb:.1f} MB at the end")
    if end_mb - warm_mb > ALLOWED_MB:
        raise FastcnnError(f"the window's memory grew from {warm_mb:.1f} to {end_mb:.1f} MB: find out what stays")
    if end_mb > MOST_MB:
        raise FastcnnError(f"the window needs {end_mb:.1f} MB of memory, over {MOST_MB:g}: find out what is too large")
    return {"minutes": total_s / 60, "rounds": rounds, "warm_mb": warm_mb, "end_mb": end_mb, "rows": points}


def visit_all_pages() -> None:
    """Draw and recognize on every page, so that all kernels of the window are in the cache."""
    with open_window() as window:
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
        settle(window)
    window.modeCombo.setCurrentIndex(0)
    window.drawButton.click()
    window.recognizeButton.click()
    settle(window)


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = [(f"{row['minutes']:.0f}", f"{row['rounds']:,}", f"{row['memory_mb']:.1f} MB") for row in result["rows"]]
    return markdown.table(("minutes", "rounds", "memory"), rows)
