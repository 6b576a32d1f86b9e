"""What a run of the benchmarks is asked for."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """threads: the counts to measure, rising; only: a part of a case's name, or "" for all cases."""

    quick: bool = False
    threads: tuple[int, ...] = (1, 2)
    out: Path = Path("results")
    only: str = ""

    @property
    def rounds(self) -> int:
        return 4 if self.quick else 12

    @property
    def turn_s(self) -> float:
        return 0.01 if self.quick else 0.03

    def say(self, line: str) -> None:
        print(line, file=sys.stdout, flush=True)
