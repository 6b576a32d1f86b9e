"""The settings of a run of the benchmarks."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastcnn.bench.harness.kept import Kept
from fastcnn.kernels.threads import limit, physical_cores


def default_threads() -> tuple[int, ...]:
    """One, two, and all cores."""
    return tuple(sorted({1, min(2, limit()), physical_cores()}))


@dataclass(frozen=True)
class Settings:
    """The options of the command.

    threads : the numbers of threads to measure, in rising order
    only : a part of a case's name; "" for all cases
    cpu_names : for `kernels`; () means the default CPUs
    weights : for `networks`: the folder that keeps trained networks
    strokes : for `networks`, `robustness` and `strings`: a stroke file, or None
    precision : for `precision` and one network: what is compared with float32, or the network's; "" if left out
    kept : the rows that an interrupted run has measured; every row of a long benchmark goes there
    """

    quick: bool = False
    threads: tuple[int, ...] = (1, 2)
    only: str = ""
    cpu_names: tuple[str, ...] = ()
    weights: str | None = None
    strokes: str | None = None
    precision: str = ""
    kept: Kept = field(default_factory=Kept)

    @property
    def few_threads(self) -> tuple[int, ...]:
        """One and two threads, for the long tables."""
        return self.threads[:2]

    @property
    def rounds(self) -> int:
        return 4 if self.quick else 10

    @property
    def few_rounds(self) -> int:
        """The number of rounds for the long tables."""
        return 3 if self.quick else 8

    @property
    def turn_s(self) -> float:
        return 0.01 if self.quick else 0.025

    def wants(self, name: str) -> bool:
        return self.only in name

    def say(self, line: str) -> None:
        print(line, flush=True)
