"""Answers come first: work in the background is done in pieces, one piece at a time, and waits while somebody draws."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from fastcnn.network.committee import Network

QUIET_S = 0.1  # after an answer the next one is expected within this time, because the pen moves
VIEWS_A_PIECE = 80  # 8 ms of the default network
MOST_WAIT_S = 2.0  # then a piece is done all the same, so that work ends even if somebody draws all the time

Between = Callable[[float], None]  # called between two pieces of a work, with the share that is done


class GoneOnError(Exception):
    """What is being worked on is no longer wanted, so that the work ends here. The user is not told."""


def nothing(_share: float = 0.0) -> None:
    """What is done between two pieces if nobody waits."""


class Turns:
    """Shared by the threads that answer and those that work in the background.

    A piece of work, such as a step of a training, holds locks of the kernels and of its network, for 20 ms or less. If
    several threads did their pieces at the same time, an answer would wait for all of them.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._answers = 0  # that are wanted now
        self._last_s = -QUIET_S  # when the last answer was ready
        self._queue: deque[object] = deque()  # of the background's threads; the first one works
        self.closed = False  # whether the program ends, so that searches end too

    @contextmanager
    def answer(self) -> Iterator[None]:
        """Answer meanwhile."""
        with self._changed:
            self._answers += 1
        try:
            yield
        finally:
            with self._changed:
                self._answers -= 1
                self._last_s = time.monotonic()
                self._changed.notify_all()

    @contextmanager
    def background(self, told: Between = nothing) -> Iterator[Turn]:
        """Work in the background meanwhile. Call `next_piece` of the result between two pieces; it calls `told`."""
        turn = Turn(self, told)
        turn.take()
        try:
            yield turn
        finally:
            turn.leave()

    def take(self, turn: object) -> None:
        """Wait for a turn; see `Turn.take`."""
        with self._changed:
            self._queue.append(turn)
            self._changed.wait_for(lambda: self._queue[0] is turn)
            end_s = time.monotonic() + MOST_WAIT_S
            while (left_s := self._wait_s(end_s)) > 0:
                self._changed.wait(left_s)

    def _wait_s(self, end_s: float) -> float:
        now_s = time.monotonic()
        return end_s - now_s if self._answers else min(end_s, self._last_s + QUIET_S) - now_s

    def leave(self, turn: object) -> None:
        """End a turn; see `Turn.leave`."""
        with self._changed:
            self._queue.remove(turn)
            self._changed.notify_all()


class Turn:
    """One thread's place among those that work in the background."""

    def __init__(self, turns: Turns, told: Between) -> None:
        self._turns, self._told = turns, told

    def take(self) -> None:
        """Wait for the turn."""
        self._turns.take(self)

    def leave(self) -> None:
        """Let the others work, for example during a pause."""
        self._turns.leave(self)

    def next_piece(self, share: float = 0.0) -> None:
        """Between two pieces: tell the share that is done, and let answers and other threads go first."""
        self._told(share)
        self.leave()
        self.take()


def read_in_pieces(
    network: Network, images: npt.NDArray[np.generic], between: Between = nothing
) -> npt.NDArray[np.floating]:
    """`calibrated` of these pictures, with `between` called between two pieces: the network is not held for long."""
    from fastcnn.network.calibration import calibrated
    from fastcnn.network.committee import Committee

    members = len(network.members) if isinstance(network, Committee) else 1
    count = max(1, VIEWS_A_PIECE // (network.views * members))
    parts = []
    for start in range(0, len(images), count):
        if start:
            between(start / len(images))
        parts.append(calibrated(network, images[start : start + count]))
    return np.concatenate(parts)
