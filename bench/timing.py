"""Timing rivals fairly: they take turns round by round, so that what disturbs the machine disturbs all of them.

A rival is a call that is ready to be repeated, with the number of threads it runs on. Before its calls of a round are
timed, the machine is left alone for PAUSE_S (OpenMP threads of the rival before it spin up to 10 ms and would take its
cores), and one call that is not counted fills the caches again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

PAUSE_S = 0.015


@dataclass(frozen=True)
class Rival:
    """One of the things that are compared.

    call : what is timed
    prepare : called before each turn, untimed: sets the threads
    """

    name: str
    call: Callable[[], Any]
    prepare: Callable[[], Any] = field(default=lambda: None)


@dataclass(frozen=True)
class Timing:
    """Seconds of one warm call: all samples, and what is reported of them."""

    samples: tuple[float, ...]

    @property
    def fastest(self) -> float:
        return min(self.samples)

    @property
    def median(self) -> float:
        return median(self.samples)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The lower and the upper quartile: half of the samples lie between them."""
        if len(self.samples) == 1:
            return self.samples[0], self.samples[0]
        lower, _, upper = quantiles(self.samples, n=4, method="inclusive")
        return lower, upper

    def summary(self) -> dict[str, float | int]:
        """Ready for JSON."""
        lower, upper = self.quartiles
        return {
            "median_s": self.median,
            "lower_quartile_s": lower,
            "upper_quartile_s": upper,
            "fastest_s": self.fastest,
            "calls": len(self.samples),
        }


def time_turn(call: Callable[[], Any], turn_s: float, most: int = 1000) -> list[float]:
    """Seconds of each call, one after the other, until they have filled turn_s; at least one."""
    samples = []
    clock = time.perf_counter
    stop = clock() + turn_s
    while True:
        start = clock()
        call()
        now = clock()
        samples.append(now - start)
        if now >= stop or len(samples) == most:
            return samples


def interleave(rivals: Sequence[Rival], *, rounds: int, turn_s: float, pause_s: float = PAUSE_S) -> dict[str, Timing]:
    """Time rivals in turns: A B C, A B C, ...

    Parameters
    ----------
    rivals : their names must differ
    rounds : turns of each rival
    turn_s : seconds of a turn, filled with as many calls as fit
    pause_s : seconds of rest before each turn

    Returns
    -------
    The timing of each rival by name.
    """
    names = [rival.name for rival in rivals]
    if len(set(names)) != len(names):
        raise ValueError(f"rivals must have different names, not {', '.join(names)}")
    samples: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for rival in rivals:
            rival.prepare()
            time.sleep(pause_s)
            rival.call()
            samples[rival.name] += time_turn(rival.call, turn_s)
    return {name: Timing(tuple(found)) for name, found in samples.items()}


def best(timings: Mapping[str, Timing], names: Sequence[str]) -> str:
    """The name with the lowest median among `names`."""
    return min(names, key=lambda name: timings[name].median)
