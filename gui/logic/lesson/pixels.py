"""Change single pixels of a picture, take it back, and find the one pixel that fools the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fastcnn.gui.logic.turns import Between, nothing

Field = npt.NDArray[np.float32]
HALF = 0.5


class Reads(Protocol):
    """The method of a network that a search needs."""

    def predict_proba(self, images: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]: ...


class Flips:
    """A picture and its changed pixels. A flipped pixel is black if it was bright, and white if it was dark."""

    def __init__(self, picture: Field) -> None:
        self._pictures = [picture.astype(np.float32)]
        self._undone: list[Field] = []

    @property
    def field(self) -> Field:
        """The picture as it is now."""
        return self._pictures[-1]

    @property
    def original(self) -> Field:
        """The picture before the first change."""
        return self._pictures[0]

    @property
    def changed(self) -> list[tuple[int, int]]:
        """The places of the pixels that differ from the first picture."""
        return [(int(row), int(column)) for row, column in np.argwhere(self.field != self.original)]

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return len(self._pictures) > 1

    @property
    def can_redo(self) -> bool:
        """Whether a change was taken back."""
        return bool(self._undone)

    def flip(self, row: int, column: int) -> None:
        """Flip one pixel. A pixel flipped twice has its first value again."""
        self._add(flipped(self.field, row, column, self.original))

    def put(self, row: int, column: int, value: float) -> None:
        """Give one pixel a value from 0 to 1."""
        changed = self.field.copy()
        changed[row, column] = value
        self._add(changed)

    def undo(self) -> None:
        """Take back the last change, if there is one."""
        if self.can_undo:
            self._undone.append(self._pictures.pop())

    def redo(self) -> None:
        """Make the change again that was taken back last."""
        if self._undone:
            self._pictures.append(self._undone.pop())

    def reset(self) -> None:
        """Show the first picture again. This can be undone."""
        if self.changed:
            self._add(self.original)

    def _add(self, field: Field) -> None:
        self._pictures.append(field)
        self._undone.clear()


def opposite(value: float) -> float:
    """Black for a bright pixel, white for a dark one."""
    return 0.0 if value >= HALF else 1.0


def flipped(field: Field, row: int, column: int, original: Field) -> Field:
    """The picture with one pixel flipped."""
    changed: Field = field.copy()
    value = float(original[row, column])
    changed[row, column] = opposite(value) if field[row, column] == np.float32(value) else value
    return changed


@dataclass(frozen=True)
class Fooling:
    """The best single pixel: its place, the answer and shares with it, and whether the answer changes."""

    row: int
    column: int
    answer: int
    share: float
    share_before: float
    changes: bool


def find_fooling(network: Reads, field: Field, between: Between = nothing) -> Fooling:
    """The flip after which the network is least sure of its present answer. It reads one picture for each pixel.

    `between` is called between two rows of pixels: the network is not held for long.
    """
    height, width = field.shape

    def shares_of(row: int) -> npt.NDArray[np.floating]:
        if row:
            between(row / height)
        copies = np.repeat(field[np.newaxis, np.newaxis].astype(np.float32), width, axis=0)
        for column in range(width):
            copies[column, 0, row, column] = opposite(float(field[row, column]))
        return network.predict_proba(copies)

    now = network.predict_proba(field[np.newaxis, np.newaxis].astype(np.float32))[0]
    answer = int(now.argmax())
    shares = np.concatenate([shares_of(row) for row in range(height)])
    others = np.delete(shares, answer, axis=1).max(axis=1)
    best = int((shares[:, answer] - others).argmin())  # the first of several
    row, column = divmod(best, width)
    after = int(shares[best].argmax())
    return Fooling(row, column, after, float(shares[best, after]), float(now[answer]), after != answer)
