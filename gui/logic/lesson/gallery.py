"""Test pictures for a class to look at: mistakes by kind, and look-alikes, which two digits claim almost equally."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastcnn.gui.logic.results import Results

MOST_ALIKE = 0.2  # the second digit's share of the first's at least, for a look-alike


@dataclass(frozen=True)
class Group:
    """Pictures that belong together: two digits, and the numbers of the test pictures."""

    first: int
    second: int
    numbers: tuple[int, ...]


def mistakes(results: Results) -> list[Group]:
    """The mistakes by kind: `first` is the true digit, `second` the answer. The most frequent kind comes first."""
    answers = results.probabilities.argmax(axis=1)
    wrong = np.flatnonzero(answers != results.labels)
    kinds = {(int(results.labels[number]), int(answers[number])) for number in wrong}
    groups = [Group(true, answer, tuple(results.confusions(true, answer))) for true, answer in kinds]
    return sorted(groups, key=lambda group: (-len(group.numbers), group.first, group.second))


def look_alikes(results: Results) -> list[Group]:
    """The pictures between two digits, `first` below `second`, by pair; the closest decision comes first."""
    order = np.argsort(-results.probabilities, axis=1, kind="stable")
    rows = np.arange(len(order))
    largest, second = results.probabilities[rows, order[:, 0]], results.probabilities[rows, order[:, 1]]
    ratio = second / np.maximum(largest, np.finfo(np.float32).tiny)
    close = np.flatnonzero(ratio >= MOST_ALIKE)
    pairs: dict[tuple[int, int], list[int]] = {}
    for number in close[np.argsort(-ratio[close], kind="stable")]:
        low, high = sorted((int(order[number, 0]), int(order[number, 1])))
        pairs.setdefault((low, high), []).append(int(number))
    groups = [Group(low, high, tuple(numbers)) for (low, high), numbers in pairs.items()]
    return sorted(groups, key=lambda group: (-len(group.numbers), group.first, group.second))
