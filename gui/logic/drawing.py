"""A drawing as the list of the user's actions: strokes and placed pictures, with undo and redo. `canvas` paints it.

Coordinates are pixels of the canvas's image, SIDE x SIDE, with y downwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

SIDE = 560
PEN_WIDTHS = (12, 80)  # smallest and largest
MOST_STEPS = 100  # the most actions that can be undone
DEFAULT_WIDTH = 40  # in proportion as thick as the strokes of MNIST, 2 of 28


@dataclass(kw_only=True)
class Step:
    """One action of the user. `after` is the canvas's record of the picture after it."""

    after: bytes = field(default=b"", repr=False, compare=False)


@dataclass
class Stroke(Step):
    """The path of the pen between touching and leaving. A single point is a dot."""

    points: list[tuple[float, float]]
    width: int = DEFAULT_WIDTH
    erases: bool = False

    def to_json(self) -> dict[str, Any]:
        """A form for JSON. `stroke_files.drawing_of_window` reads it."""
        points = [[round(x, 1), round(y, 1)] for x, y in self.points]
        return {"points": points, "width": self.width, "erases": self.erases}


@dataclass(eq=False)
class Placed(Step):
    """A picture that was opened, dropped or pasted. It hides everything that was drawn before."""

    picture: Any  # a uint8 array (H, W)


@dataclass
class Wiped(Step):
    """The canvas was cleared. This is an action too, so that it can be undone."""


Item = Stroke | Placed | Wiped


@dataclass
class Drawing:
    """The actions that were done, and those that were undone."""

    done: list[Item] = field(default_factory=list)
    undone: list[Item] = field(default_factory=list)

    @property
    def can_undo(self) -> bool:
        """Whether there is an action to undo."""
        return bool(self.done)

    @property
    def can_redo(self) -> bool:
        """Whether an action was undone and nothing was done since."""
        return bool(self.undone)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to clear, not even a stroke of the eraser."""
        return not any(True for _ in self.visible())

    @property
    def after(self) -> bytes:
        """The record of the picture after the last action; empty before the first."""
        return self.done[-1].after if self.done else b""

    @property
    def is_blank(self) -> bool:
        """Whether nothing visible was drawn since the last clearing. Strokes of the eraser are not visible."""
        return not any(isinstance(item, Placed) or not item.erases for item in self.visible())

    def visible(self) -> Iterator[Stroke | Placed]:
        """The items to paint, in order: the last placed picture after the last clearing, and all later strokes."""
        start = 0
        for index, item in enumerate(self.done):
            if not isinstance(item, Stroke):
                start = index
        for item in self.done[start:]:
            if not isinstance(item, Wiped):
                yield item

    def strokes(self) -> list[Stroke]:
        """The visible strokes. There are none if they lie on a picture, because they are not the whole drawing."""
        items = list(self.visible())
        strokes = [item for item in items if isinstance(item, Stroke)]
        return strokes if len(strokes) == len(items) else []

    def add(self, item: Item) -> None:
        """Do an action. Actions that were undone are deleted."""
        self.done.append(item)
        self.undone.clear()
        # The oldest actions are deleted, but never a visible one.
        while len(self.done) > MOST_STEPS and any(not isinstance(each, Stroke) for each in self.done[1:]):
            del self.done[0]

    def undo(self) -> bool:
        """Undo the last action."""
        if not self.done:
            return False
        self.undone.append(self.done.pop())
        return True

    def redo(self) -> bool:
        """Do the action again that was undone last."""
        if not self.undone:
            return False
        self.done.append(self.undone.pop())
        return True
