"""Report the progress of long work by a line from time to time."""

from __future__ import annotations

import logging
import time

log = logging.getLogger("fastcnn")
PACE_INTERVAL_S = 2.0


def format_duration(seconds: float) -> str:
    """Whole seconds as 7 s, 2:07 or 1:02:07."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"


class Pace:
    """Report the progress of long work by a line from time to time. Short work gets no line."""

    def __init__(self, total: int, what: str) -> None:
        self._total, self._what, self._done = total, what, 0
        self._start = self._told = time.perf_counter()

    def add(self, count: int) -> None:
        """Note that `count` more are done."""
        self._done += count
        now = time.perf_counter()
        if now - self._told < PACE_INTERVAL_S or self._done >= self._total:
            return
        self._told = now
        left = format_duration((now - self._start) * (self._total - self._done) / self._done)
        log.info("%s of %s %s, about %s left", f"{self._done:,}", f"{self._total:,}", self._what, left)
