"""The conditions of the robustness report: where and how a digit is drawn, and how its picture is changed.

A digit is strokes, drawn with a pen, or a picture of MNIST, enlarged to a canvas. The canvas depends only on the digit,
the condition and the number. So the same call gives the same canvas in every process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.drawings import CANVAS_PX, PENS_PX, Drawing, Pose, draw, random_pose
from fastcnn.handwriting.preparation.ink import crop
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.preparation.prepare import resize
from fastcnn.handwriting.preparation.stroke_width import Field, edge_distance, redraw, stroke_width

SEED = 20  # for noise, texture and random poses; they depend on it and on a digit's number
PEN_SHARE = 1 / 9  # share of a drawing's size, where the pen does not change: 19 px of 168
TURN_DEG = 15.0
WORK_PX = 160  # a picture of MNIST gets another pen at this size
THINNEST_SCAN = 0.08  # share of the size; thinner strokes of uneven width would break
FARTHEST_PX = 40  # the edge of its ink is moved at most this far, at that size
GREY = 127.5  # less contrast moves values towards this
MIDDLE_SIZE = 0.6  # of the canvas
MOST_STRETCH = 4.0  # more would make a square of a 1 without a flag


@dataclass(frozen=True, eq=False)
class Scan:
    """A digit as a picture: (28, 28) uint8, light ink on black."""

    label: int
    picture: Plane
    writer: str = ""


Digit = Drawing | Scan


@dataclass(frozen=True)
class Condition:
    """One way to show digits. Attributes that are not set are those of the middle condition."""

    kind: str
    label: str
    at: float = 0.0  # its place on the figure's axis
    size: float = MIDDLE_SIZE
    pen_px: float | None = None  # None means PEN_SHARE of the size
    place: tuple[float, float] = (0.5, 0.5)
    turn_deg: float = 0.0
    change: str = ""  # a name in CHANGES
    amount: float = 0.0
    is_random: bool = False  # place, size and pen come from `drawings.random_pose`

    def suits(self, digit: Digit) -> bool:
        """Whether a digit can be shown in this way."""
        return self.kind != "pen" or not isinstance(digit, Scan) or self.at >= THINNEST_SCAN

    def pose(self, rng: np.random.Generator) -> Pose:
        """The size, place and rotation of a drawing on the canvas."""
        if self.is_random:
            return random_pose(rng, self.turn_deg)
        pen_px = self.pen_px or max(PENS_PX[0], PEN_SHARE * self.size * CANVAS_PX)
        return Pose(self.size, pen_px, *self.place, self.turn_deg)


def _as_plane(values: npt.NDArray[np.floating]) -> Plane:
    plane: Plane = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
    return plane


def add_noise(canvas: Plane, spread: float, rng: np.random.Generator) -> Plane:
    """Add Gaussian noise with the standard deviation `spread`, in levels of 255."""
    return _as_plane(canvas + rng.normal(0, spread, canvas.shape))


def blur(canvas: Plane, radius_px: float, rng: np.random.Generator) -> Plane:
    """Apply Pillow's Gaussian blur with the standard deviation radius_px."""
    from PIL import Image, ImageFilter

    return np.asarray(Image.fromarray(canvas).filter(ImageFilter.GaussianBlur(radius_px)))


def fade(canvas: Plane, contrast: float, rng: np.random.Generator) -> Plane:
    """Reduce the contrast to a share of 0 to 1, about the middle grey."""
    return _as_plane(GREY + contrast * (canvas - GREY))


def invert(canvas: Plane, amount: float, rng: np.random.Generator) -> Plane:
    """Make dark ink on white paper."""
    return np.uint8(255) - canvas


def texture(canvas: Plane, spread: float, rng: np.random.Generator) -> Plane:
    """Make dark ink on paper that is lit from one corner and has grain with the standard deviation `spread`."""
    rows, columns = np.indices(canvas.shape)
    paper = 160 + 60 * rows / len(canvas) + 30 * columns / len(canvas) + rng.normal(0, spread, canvas.shape)
    return _as_plane(paper * (1 - 0.7 * canvas / 255))


def specks(canvas: Plane, count: float, rng: np.random.Generator) -> Plane:
    """Add `count` specks of 3 x 3 pixels, as bright as ink."""
    spotted = canvas.copy()
    for top, left in rng.integers(0, np.array(canvas.shape) - 2, (int(count), 2)):
        spotted[top : top + 3, left : left + 3] = 255
    return spotted


def _blocks(few: Plane) -> Plane:
    """A picture of few pixels in the middle of a canvas, each pixel as a block; the longer side has 60 % of it."""
    factor = max(1, int(MIDDLE_SIZE * CANVAS_PX / max(few.shape)))
    large = np.kron(few, np.ones((factor, factor), np.uint8))
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    top, left = ((CANVAS_PX - side) // 2 for side in large.shape)
    canvas[top : top + large.shape[0], left : left + large.shape[1]] = large
    return canvas


def coarsen(canvas: Plane, side_px: float, rng: np.random.Generator) -> Plane:
    """Average the ink down to a longer side of so many pixels, and enlarge these as blocks."""
    return _blocks(resize(crop(canvas), int(side_px)))


def square(canvas: Plane, side_px: float, rng: np.random.Generator) -> Plane:
    """Stretch the ink, at most MOST_STRETCH times, to a square of so many pixels, black and white, as for forms."""
    from PIL import Image

    ink = crop(canvas)
    sides = (min(side_px, MOST_STRETCH * side_px * side / max(ink.shape)) for side in ink.shape[::-1])
    width, height = (max(1, round(side)) for side in sides)
    few = Image.fromarray(ink).resize((width, height), Image.Resampling.BOX)
    return _blocks(np.where(np.asarray(few) >= GREY, np.uint8(255), np.uint8(0)))


CHANGES = {
    "noise": add_noise, "blur": blur, "fade": fade, "invert": invert, "texture": texture, "specks": specks,
    "coarsen": coarsen, "square": square,
}  # fmt: skip


def _with_pen(picture: Plane, share: float) -> Plane:
    """A picture's ink, WORK_PX large, with strokes of such a share of its size: their edges are moved."""
    ink = resize(crop(picture), WORK_PX).astype(np.float32)
    large: Field = np.pad(ink / ink.max(), FARTHEST_PX)
    distance = edge_distance(large, FARTHEST_PX)
    # Moving edges outwards makes the whole ink larger too: (width + 2 change) / (WORK_PX + 2 change) = share.
    change = (share * WORK_PX - stroke_width(distance)) / (2 * (1 - share))
    change = min(change, FARTHEST_PX - 1.0)
    change = max(change, 1.0 - float(distance.max()))  # so some ink is left
    return _as_plane(255 * redraw(distance, change))


def _paste(picture: Plane, pose: Pose, pen_share: float | None) -> Plane:
    """A picture's ink on a canvas with a pose, but not its pen. If pen_share is None, strokes are not changed."""
    from PIL import Image

    ink = crop(picture) if pen_share is None else crop(_with_pen(picture, pen_share))
    if pose.turn_deg:
        large = Image.fromarray(resize(ink, CANVAS_PX))
        ink = crop(np.asarray(large.rotate(-pose.turn_deg, Image.Resampling.BILINEAR, expand=True)))
    ink = resize(ink, max(1, round(pose.size * CANVAS_PX)))
    top, left = (round(share * (CANVAS_PX - side)) for share, side in zip((pose.y, pose.x), ink.shape, strict=True))
    canvas = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return canvas


def show(digit: Digit, condition: Condition, number: int) -> Plane:
    """The canvas, CANVAS_PX wide and high, with a digit on it.

    Parameters
    ----------
    number : the number of the digit. All random values depend on it and on the condition
    """
    rng = np.random.Generator(np.random.PCG64([SEED, number]))
    pose = condition.pose(rng)
    if isinstance(digit, Scan):
        share = condition.pen_px / (condition.size * CANVAS_PX) if condition.pen_px else None
        canvas = _paste(digit.picture, pose, share)
    else:
        canvas = draw(digit.strokes, pose)
    return CHANGES[condition.change](canvas, condition.amount, rng) if condition.change else canvas


MIDDLE = Condition("middle", "60 % of the canvas, in the middle")
ANYWHERE = Condition("all at once", "any place, size and pen", is_random=True)


def _pens() -> list[Condition]:
    shown = [(0.95, 6), (0.6, 6), (0.6, 10), (0.95, 20), (0.6, 20), (0.15, 6), (0.95, 40), (0.6, 30), (0.3, 15)]
    shown += [(0.15, 8), (0.6, 40), (0.15, 10)]
    shares = [(pen / (size * CANVAS_PX), size, pen) for size, pen in shown]
    return [
        Condition("pen", f"{pen} px at {100 * size:.0f} %", share, size=size, pen_px=pen)
        for share, size, pen in sorted(shares)
    ]


def _series(kind: str, change: str, unit: str, amounts: tuple[float, ...]) -> list[Condition]:
    return [Condition(kind, f"{amount:g}{unit}", amount, change=change, amount=amount) for amount in amounts]


def conditions() -> list[Condition]:
    """All conditions: the middle one first, then each kind in the order of the figure's axis."""
    corners = {"top left": (0.0, 0.0), "top right": (1.0, 0.0), "bottom left": (0.0, 1.0), "bottom right": (1.0, 1.0)}
    contrasts = [
        Condition("contrast", f"{100 * share:g} %", 100 * share, change="fade", amount=share)
        for share in (0.1, 0.15, 0.25, 0.5)
    ]
    return [
        MIDDLE,
        *(Condition("place", name, at, place=place) for at, (name, place) in enumerate(corners.items(), start=1)),
        *(
            Condition("size", f"{100 * size:.0f} %", 100 * size, size=size)
            for size in (0.15, 0.2, 0.3, 0.45, 0.8, 0.95)
        ),
        *_pens(),
        *(Condition("turn", f"{turn:+.0f}°", turn, turn_deg=turn) for turn in (-15.0, -10.0, -5.0, 5.0, 10.0, 15.0)),
        *_series("noise", "noise", " of 255", (10, 20, 30, 40)),
        *_series("blur", "blur", " px", (1, 2, 4, 6)),
        *contrasts,
        Condition("page", "dark on white", 1, change="invert"),
        Condition("page", "shaded, grained", 2, change="texture", amount=4),
        Condition("page", "specks", 3, change="specks", amount=8),
        *_series("coarse", "coarsen", " px", (8, 10, 12, 16)),
        *_series("stretched", "square", " px", (12, 16, 32)),
        ANYWHERE,
        replace(ANYWHERE, label=f"the same, turned up to {TURN_DEG:.0f}°", turn_deg=TURN_DEG),
    ]
