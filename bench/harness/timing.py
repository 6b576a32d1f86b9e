"""Time rivals fairly: they take turns, so that a disturbance of the machine affects all of them.

Before each turn there is a pause of PAUSE_S, because PyTorch's idle threads spin for up to 10 ms and would take the
next rival's cores. Each turn begins with one call that is not counted. It fills the caches again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, log
from statistics import median, quantiles
from typing import Any

from fastcnn import kernels
from fastcnn.kernels.threads import set_threads

PAUSE_S = 0.015
MOST_CALLS = 1000  # in one turn
LEAST_ROUNDS = 3  # however long they take


@dataclass(frozen=True)
class Rival:
    """One side of a comparison. turn(seconds) fills that time with calls and gives the seconds of each."""

    name: str
    turn: Callable[[float], list[float]]


@dataclass(frozen=True)
class Timing:
    """Seconds of one warm call: all samples, and the numbers to report."""

    samples: tuple[float, ...]

    @property
    def fastest(self) -> float:
        return min(self.samples)

    @property
    def median(self) -> float:
        return median(self.samples)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The lower and the upper quartile. Half of the samples lie between them."""
        if len(self.samples) == 1:
            return self.samples[0], self.samples[0]
        lower, _, upper = quantiles(self.samples, n=4, method="inclusive")
        return lower, upper

    def percentile(self, share: float) -> float:
        """The smallest sample that is at least as large as `share` of all samples."""
        ordered = sorted(self.samples)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

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


def time_turn(call: Callable[[], Any], turn_s: float, most: int = MOST_CALLS) -> list[float]:
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


def median_s(call: Callable[[], Any], count: int) -> float:
    """The median time of so many calls, after one that is not counted."""
    call()
    return median(time_turn(call, inf, most=count))


def rival(name: str, call: Callable[[], Any], threads: int, set_count: Callable[[int], Any] = set_threads) -> Rival:
    """A rival in this process. `set_count` is called with the number of threads before each turn."""

    def turn(turn_s: float) -> list[float]:
        set_count(threads)
        call()
        return time_turn(call, turn_s)

    return Rival(name, turn)


def select(backend: str, threads: int) -> None:
    """For `rival`: compute on this backend, on so many threads."""
    kernels.use(backend)
    set_threads(threads)


def interleave(
    rivals: Sequence[Rival], *, rounds: int, turn_s: float, pause_s: float = PAUSE_S, most_s: float = inf
) -> dict[str, Timing]:
    """Time rivals in turns: A B C, A B C, ...

    Parameters
    ----------
    rivals : with different names
    rounds : turns of each rival
    turn_s : seconds of a turn, filled with as many calls as possible
    pause_s : seconds of pause before each turn
    most_s : after so many seconds no further round begins, once there are LEAST_ROUNDS

    Returns
    -------
    The timing of each rival by name.
    """
    names = [each.name for each in rivals]
    if len(set(names)) != len(names):
        raise ValueError(f"rivals must have different names, not {', '.join(names)}")
    samples: dict[str, list[float]] = {name: [] for name in names}
    start = time.perf_counter()
    for done in range(rounds):
        if done >= LEAST_ROUNDS and time.perf_counter() - start > most_s:
            break
        for each in rivals:
            time.sleep(pause_s)
            samples[each.name] += each.turn(turn_s)
    return {name: Timing(tuple(found)) for name, found in samples.items()}


def compare(timings: Mapping[str, Timing], ours: str, theirs: Iterable[str]) -> dict[str, Any]:
    """How many times as fast `ours` is as the best of `theirs`, by the medians and by the fastest calls."""
    strongest = min(theirs, key=lambda name: timings[name].median)
    return {
        "rival": strongest,
        "rival_median_s": timings[strongest].median,
        "median_s": timings[ours].median,
        "ratio": timings[strongest].median / timings[ours].median,
        "ratio_of_fastest": min(timings[name].fastest for name in theirs) / timings[ours].fastest,
    }


def geometric_mean(values: Iterable[float]) -> float:
    """The mean of ratios: the mean of 0.5 and 2 is 1."""
    logarithms = [log(value) for value in values]
    return exp(sum(logarithms) / len(logarithms))
