"""Numbers as a lesson shows them: with a true minus, a plus where a sign matters, and parts that add up as shown."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

MINUS = "−"
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
LARGEST_PLAIN = 100_000.0


def decimals_of(limit: float, most: int = 3) -> int:
    """So many decimals that a number as large as the limit has one digit that counts; at least one."""
    return min(max(1, math.ceil(-math.log10(max(limit, 1e-9)))), most)


def plain(value: float, decimals: int = 3) -> str:
    """A number with so many decimals; a negative zero, as a loss of a sure answer is, has no sign."""
    return f"{value + 0.0:.{decimals}f}".replace("-", MINUS)


def signed(value: float, decimals: int = 3) -> str:
    """The same with its sign; zero itself has none."""
    return plain(value, decimals) if value == 0 else f"{value:+.{decimals}f}".replace("-", MINUS)


def power(value: float) -> str:
    """A positive number of any size, with three or four digits."""
    if 0.01 <= value < LARGEST_PLAIN:
        return f"{value:,.{2 if value < 100 else 0}f}"
    digits, exponent = f"{value:.2e}".split("e")
    return f"{digits}·10{str(int(exponent)).translate(SUPERSCRIPTS)}"


def adding_up(parts: Sequence[float], total: float, decimals: int) -> list[float]:
    """The parts, rounded so that they add up exactly to the rounded total; the last part takes the difference."""
    units = 10**decimals
    rounded = [round(part * units) for part in parts]
    rounded[-1] = round(total * units) - sum(rounded[:-1])
    return [each / units for each in rounded]


def steps_between(low: float, high: float, value: float) -> float:
    """Where a value lies between two others, from 0 to 1."""
    return 0.0 if high <= low else float(np.clip((value - low) / (high - low), 0, 1))
