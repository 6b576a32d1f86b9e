"""Draw and recognize in a loop and watch the memory: `python -m bench gui-soak` (30 minutes; `--minutes 0.2` to try).

Fails where the process has grown by more than a few megabytes since it was warm.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from fastcnn.bench.window import SEVEN, THREE, draw, open_window, settle

WARM_SHARE = 0.2  # of the time, before memory counts
ALLOWED_MB = 8.0  # two hundred steps of undo are kept, and Python's arenas breathe


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(argv: Sequence[str] | None = None) -> int:
    """Run; exit status 1 where memory grew."""
    parser = argparse.ArgumentParser(prog="python -m bench gui-soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    args = parser.parse_args(argv)
    total_s = 60 * args.minutes
    warm_mb = 0.0
    rounds = 0
    with open_window() as window:
        start = last_s = time.perf_counter()
        while (elapsed_s := time.perf_counter() - start) < total_s:
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
            rounds += 1
            if not warm_mb and elapsed_s > WARM_SHARE * total_s:
                warm_mb = _memory_mb()
            if time.perf_counter() - last_s > total_s / 10:
                last_s = time.perf_counter()
                print(f"{elapsed_s / 60:5.1f} min  {rounds} rounds  {_memory_mb():.1f} MB", flush=True)
        grown_mb = _memory_mb() - warm_mb
    print(f"{rounds} rounds in {args.minutes:g} minutes; {grown_mb:+.1f} MB since warm ({warm_mb:.1f} MB)")
    return 0 if grown_mb <= ALLOWED_MB else 1
