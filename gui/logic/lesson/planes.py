"""The plane next to a station's numbers: what goes into it, and the frame of the place that is shown."""

from __future__ import annotations

from dataclasses import dataclass

from fastcnn.gui.logic.lesson.colors import Scale, limit_of
from fastcnn.gui.logic.lesson.convolution import place_of, window_sum
from fastcnn.gui.logic.lesson.pooling import pool_window
from fastcnn.gui.logic.lesson.shown import Shown
from fastcnn.gui.logic.lesson.stages import Kind, Stage, Values
from fastcnn.layers import AvgPool2d, Conv2d, MaxPool2d

POOLS = (Kind.MAX_POOL, Kind.MEAN_POOL)


@dataclass(frozen=True, eq=False)
class InputPlane:
    """A plane (H, W), the number of full colour, and the frame: top, left, height and width, or None."""

    values: Values
    limit: float
    diverging: bool
    frame: tuple[int, int, int, int] | None


def input_plane(shown: Shown) -> InputPlane:
    """The plane that the open station reads; the picture itself where it reads no planes."""
    stage, place = shown.stage, shown.place
    picture = shown.stages[0].out[0]
    if stage.kind is Kind.PICTURE:
        return InputPlane(picture, 1.0, False, (place.row, place.column, 1, 1))
    if stage.x.ndim != 3:
        return InputPlane(picture, 1.0, False, None)
    channel, frame = min(place.unit, len(stage.x) - 1), None
    if stage.kind is Kind.CONVOLUTION:
        assert isinstance(stage.layer, Conv2d)
        group = place.unit // (stage.layer.out_channels // stage.layer.groups)
        channel = group * stage.layer.parameters["weight"].array.shape[1] + place.channel
        frame = window_sum(stage, place.unit, place.row, place.column).frame
    elif stage.kind in POOLS:
        frame = pool_window(stage, place.unit, place.row, place.column).frame
    elif stage.x.shape[1:] == stage.out.shape[1:]:
        frame = place.row, place.column, 1, 1
    values = stage.x[channel]
    if stage.x is shown.stages[0].out or stage.x.shape == picture[None].shape:
        return InputPlane(values, 1.0, False, frame)
    limit = limit_of(values if shown.scale is Scale.OWN else stage.x)
    return InputPlane(values, limit, bool((stage.x < 0).any()), frame)


def place_at(stage: Stage, row: float, column: float) -> tuple[int, int]:
    """The place in the station's map that belongs to a pixel of its input; the map may not reach so far."""
    if isinstance(stage.layer, Conv2d):
        return place_of(stage, row, column)
    if isinstance(stage.layer, MaxPool2d | AvgPool2d):
        layer = stage.layer
        places = [
            int((pixel + 0.5 + pads[0]) // stride)
            for pixel, pads, stride in zip((row, column), layer.pads, layer.stride, strict=True)
        ]
        return places[0], places[1]
    return round(row), round(column)
