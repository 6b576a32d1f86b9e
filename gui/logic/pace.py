"""How long a work will still take, from how far it has come."""

from __future__ import annotations

import time
from collections.abc import Callable

LEAST_S = 2.0  # before that nothing is said, because the first steps are slower than the later ones


class Pace:
    """Looked at from time to time, it says how many seconds are left. Pauses do not count."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first = self._share = self._worked_s = self._seen_s = 0.0
        self._works = False  # since it was looked at last

    def left_s(self, share: float, *, works: bool = True) -> float | None:
        """The seconds that are left when a share is done; None in a pause, and while too little is known."""
        now_s = self._clock()
        if share < self._share or not (self._works or self._worked_s):  # it begins, or another one does
            self._first, self._worked_s = share, 0.0
        elif self._works:
            self._worked_s += now_s - self._seen_s
        self._share, self._seen_s, self._works = share, now_s, works
        if not works or self._worked_s < LEAST_S or share <= self._first:
            return None
        return self._worked_s * (1 - share) / (share - self._first)
