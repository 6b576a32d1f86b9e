"""What a check of the kernels found: a row for each kernel, and each miss with the shapes that it happened on."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, inf, isfinite, log
from typing import Any

from fastcnn import pages
from fastcnn.kernels.values import counted

MOST_MISSES = 3  # of a kernel, in the text
MOST_ROWS = 20  # of misses, in a notebook


@dataclass(frozen=True)
class Miss:
    """A call whose answer is not the reference's."""

    kernel: str
    case: str  # its name in the table, with the shapes, options and dtype of the call
    error: float  # in units of the bound; infinite for a NaN, another shape, or an error that was raised
    reason: str = ""  # of that error


@dataclass
class Kernel:
    """All calls of one kernel."""

    name: str
    cases: int = 0
    error: float = 0.0  # the largest, in units of the bound: at most 1 is right
    worst: str = ""
    ratios: list[float] = field(default_factory=list)  # the reference's time over the kernel's

    @property
    def speed(self) -> float | None:
        """How many times as fast as the reference it is, on shapes of real networks; None where it was not timed."""
        return exp(sum(map(log, self.ratios)) / len(self.ratios)) if self.ratios else None

    def add(self, case: str, error: float) -> None:
        """Count a call."""
        self.cases += 1
        if error > self.error or not self.worst:
            self.error, self.worst = error, case


@dataclass(frozen=True, repr=False)
class Report:
    """What `fastcnn.check` found. It prints as a table."""

    backend: str
    threads: int
    seconds: float
    kernels: list[Kernel]
    misses: list[Miss]
    random_calls: int = 0  # of all calls, those on random shapes

    @property
    def passed(self) -> bool:
        """Whether all answers were right."""
        return not self.misses

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """For notebooks: the table, each miss with its case, and the number of calls."""
        header = ("kernel", "right or wrong", "calls", "error", "speed")
        wrong = {miss.kernel for miss in self.misses}
        rows = [
            (each.name, "WRONG" if each.name in wrong else "right", f"{each.cases:,}", _shown(each.error),
             "-" if each.speed is None else f"{each.speed:.1f} x") for each in self.kernels
        ]  # fmt: skip
        misses = [(miss.kernel, f"{miss.case} {miss.reason}", _shown(miss.error)) for miss in self.misses]
        more = pages.table([("wrong", "case", "error"), *misses[:MOST_ROWS]]) if misses else ""
        return f"<div>{pages.table([header, *rows])}{more}{self._summary()}</div>"

    def describe(self) -> dict[str, Any]:
        """All of it, as JSON can hold it; an error that is not finite is null."""
        rows = [
            {"kernel": each.name, "cases": each.cases, "error": _finite(each.error), "worst": each.worst,
             "speed": each.speed} for each in self.kernels
        ]  # fmt: skip
        misses = [{**vars(miss), "error": _finite(miss.error)} for miss in self.misses]
        return {
            "passed": self.passed,
            "backend": self.backend,
            "threads": self.threads,
            "seconds": self.seconds,
            "random_calls": self.random_calls,
            "kernels": rows,
            "misses": misses,
        }

    def __str__(self) -> str:
        names = max((len(each.name) for each in self.kernels), default=6)
        lines = [f"{'kernel':<{names}}  {'calls':>6}  {'error':>6}  {'speed':>7}"]
        for each in self.kernels:
            speed = "-" if each.speed is None else f"{each.speed:.1f} x"
            lines.append(f"{each.name:<{names}}  {each.cases:>6}  {_shown(each.error):>6}  {speed:>7}")
            missed = [miss for miss in self.misses if miss.kernel == each.name]
            lines += [f"  WRONG by {_shown(miss.error)}: {miss.case} {miss.reason}".rstrip() for miss in missed][
                :MOST_MISSES
            ]
            if len(missed) > MOST_MISSES:
                lines.append(f"  and {len(missed) - MOST_MISSES} more")
        lines.append(
            "error: the largest, in units of the bound of rounding; speed: the reference's time over the kernel's"
        )
        return "\n".join([*lines, self._summary()])

    def _summary(self) -> str:
        calls = sum(each.cases for each in self.kernels)
        wrong = f"{len(self.misses)} of them WRONG" if self.misses else "all right"
        return (
            f"backend {self.backend}, {counted(self.threads, 'thread')}, {self.seconds:.0f} s: "
            f"{counted(calls, 'call')}, {self.random_calls} on random shapes, {wrong}"
        )


def _finite(error: float) -> float | None:
    return error if isfinite(error) else None


def _shown(error: float) -> str:
    return "inf" if error == inf else f"{error:.3g}"
