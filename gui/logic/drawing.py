"""A drawing as what the user did: strokes and placed pictures, with undo and redo. Turning it into pixels is elsewhere.

Coordinates are pixels of the canvas's image, SIDE x SIDE, y downwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

SIDE = 560
PEN_WIDTHS = (12, 80)  # least and most
MOST_STEPS = 100  # that can be undone
DEFAULT_WIDTH = 40  # as thick, in proportion, as MNIST's: 2 of 28


@dataclass(kw_only=True)
class Step:
    """One step of a drawing; `after` is the canvas's note of the picture that it left."""

    after: bytes = field(default=b"", repr=False, compare=False)


@dataclass
class Stroke(Step):
    """What the pen did between touching and leaving; a single point is a dot."""

    points: list[tuple[float, float]]
    width: int = DEFAULT_WIDTH
    erases: bool = False

    def to_json(self) -> dict[str, Any]:
        """A form that JSON can hold; `strokes.drawing_of_window` reads it."""
        points = [[round(x, 1), round(y, 1)] for x, y in self.points]
        return {"points": points, "width": self.width, "erases": self.erases}


@dataclass(eq=False)
class Placed(Step):
    """A picture that was opened, dropped or pasted; whatever was drawn before lies under it, invisible."""

    picture: Any  # a uint8 array (H, W)


@dataclass
class Wiped(Step):
    """The canvas was cleared; kept as a step so that it can be undone."""


Item = Stroke | Placed | Wiped


@dataclass
class Drawing:
    """Steps done and steps undone."""

    done: list[Item] = field(default_factory=list)
    undone: list[Item] = field(default_factory=list)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self.done)

    @property
    def can_redo(self) -> bool:
        """Whether a step was taken back and nothing was done since."""
        return bool(self.undone)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to clear, not even an eraser's stroke."""
        return not any(True for _ in self.visible())

    @property
    def after(self) -> bytes:
        """The last step's note of the picture; empty before the first."""
        return self.done[-1].after if self.done else b""

    @property
    def is_blank(self) -> bool:
        """Whether nothing visible was drawn since the last clearing; an eraser's strokes are not visible."""
        return not any(isinstance(item, Placed) or not item.erases for item in self.visible())

    def visible(self) -> Iterator[Stroke | Placed]:
        """The items to paint, in order: those since the last clearing or placed picture, that picture included."""
        start = 0
        for index, item in enumerate(self.done):
            if not isinstance(item, Stroke):
                start = index
        for item in self.done[start:]:
            if not isinstance(item, Wiped):
                yield item

    def strokes(self) -> list[Stroke]:
        """The visible strokes; none where a picture lies under them, for they are not the whole drawing."""
        items = list(self.visible())
        strokes = [item for item in items if isinstance(item, Stroke)]
        return strokes if len(strokes) == len(items) else []

    def add(self, item: Item) -> None:
        """Do a step; what was undone is gone."""
        self.done.append(item)
        self.undone.clear()
        # The oldest steps go, but never one that is still to be seen.
        while len(self.done) > MOST_STEPS and any(not isinstance(each, Stroke) for each in self.done[1:]):
            del self.done[0]

    def undo(self) -> bool:
        """Take the last step back."""
        if not self.done:
            return False
        self.undone.append(self.done.pop())
        return True

    def redo(self) -> bool:
        """Do the step again that was taken back last."""
        if not self.undone:
            return False
        self.done.append(self.undone.pop())
        return True
