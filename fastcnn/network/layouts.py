"""The order of the axes in which people have their pictures; it is told, and never guessed."""

from __future__ import annotations

from fastcnn.arrays import Array
from fastcnn.kernels.values import is_array, shown

LAYOUTS = ("NCHW", "NHWC")


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


def channels_first(images: Array, layout: str) -> Array:
    """Pictures (N, C, H, W), as a view of (N, H, W, C) where that is the layout; what is no such array stays."""
    if check_layout(layout) == "NHWC" and is_array(images) and images.ndim == 4:
        return images.transpose(0, 3, 1, 2)
    return images
