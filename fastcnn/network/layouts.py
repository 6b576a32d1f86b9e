"""The order of the axes of a user's pictures. The user says which it is; it is never guessed."""

from __future__ import annotations

from math import prod

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.values import is_array, kind_of, shown

LAYOUTS = ("NCHW", "NHWC")
KINDS = tuple(map(np.dtype, (np.uint8, np.float32, np.float64)))  # NumPy compares a dtype with a class in 0.2 us


def check_layout(layout: object) -> str:
    """The layout; ValueError or TypeError unless it is "NCHW" or "NHWC"."""
    if not isinstance(layout, str):
        raise TypeError(f"layout must be 'NCHW' or 'NHWC', not {shown(layout)}")
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be 'NCHW' or 'NHWC', not {shown(layout)}")
    return layout


def pictures_shape(input_shape: tuple[int, ...], layout: str) -> tuple[int, ...]:
    """The shape of one picture in a layout; input_shape is (C, H, W)."""
    channels, height, width = input_shape
    return (height, width, channels) if layout == "NHWC" else input_shape


def check_kind(images: object, name: str) -> None:
    """TypeError unless they are an array of a dtype that pictures may have."""
    if not is_array(images) or images.dtype not in KINDS:
        raise TypeError(f"{name} must be a uint8, float32 or float64 array, not {kind_of(images)}")


def way_out(given: tuple[int, ...], input_shape: tuple[int, ...], layout: str = "NCHW") -> str:
    """How to make pictures of a wrong shape fit, as the end of an error sentence; "" if there is no simple way."""
    for other in LAYOUTS:
        if other != layout and given[1:] == pictures_shape(input_shape, other):
            return f"; layout={other!r} takes these"
    shape = pictures_shape(input_shape, layout)
    if given == shape or (len(given) in (2, 3) and prod(given[1:]) == prod(shape)):
        return f"; images.reshape(-1, {', '.join(map(str, shape))}) fits"
    return ""


def channels_first(images: Array, layout: str) -> Array:
    """Pictures as (N, C, H, W): with the layout NHWC a view of (N, H, W, C). Other objects are returned unchanged."""
    if check_layout(layout) == "NHWC" and is_array(images) and images.ndim == 4:
        return images.transpose(0, 3, 1, 2)
    return images
