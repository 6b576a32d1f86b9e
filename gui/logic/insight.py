"""Look into the network, for one picture: its filters, their results, and where it looked. Slow: call these in jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.digits import SIDE_PX
from fastcnn.gui.logic.turns import Between, nothing, read_in_pieces
from fastcnn.network.calibration import calibrated

if TYPE_CHECKING:
    from fastcnn.layers.convolution import Conv2d
    from fastcnn.network.committee import Network
    from fastcnn.network.sequential import Sequential

Grey = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]

PATCH_PX = 5  # as large as a filter of the paper's network
GAP_PX = 1
GAP_GREY = 90
COLUMNS = (10, 8)  # the first one that fills all rows, or the first


def _first_convolution(network: Sequential) -> tuple[int, Conv2d] | None:
    from fastcnn.layers.convolution import Conv2d

    for index, layer in enumerate(network.layers):
        if isinstance(layer, Conv2d):
            return index, layer
    return None


def filters(network: Network) -> Field | None:
    """The (K, R, S) filters of the first convolution, for its first channel; None without a convolution.

    For a committee they are those of its first member, here and in `feature_maps`.
    """
    from fastcnn.network.committee import leader

    found = _first_convolution(leader(network))
    if found is None:
        return None
    return found[1].parameters["weight"].array[:, 0].astype(np.float32)


def feature_maps(network: Network, field: Field) -> Field | None:
    """The result of each filter on a (28, 28) picture: (K, P, Q), zero or more; None without a convolution."""
    from fastcnn.network.committee import leader

    network = leader(network)
    found = _first_convolution(network)
    if found is None:
        return None
    x = field[np.newaxis, np.newaxis].astype(network.dtype)
    for layer in network.layers[: found[0] + 1]:
        x = layer.forward(x, False)
    maps: Field = np.maximum(x[0], 0).astype(np.float32)
    return maps


def occlusion(network: Network, field: Field, digit: int, between: Between = nothing) -> Field:
    """How much the probability of a digit falls if a square round each pixel becomes black: (28, 28), 0 to 1.

    `between` is called between two pieces of the work, with the share that is done.
    After Zeiler and Fergus, Visualizing and understanding convolutional networks (2014), section 4.2.
    """
    copies = np.repeat(field[np.newaxis, np.newaxis], SIDE_PX * SIDE_PX, axis=0).astype(np.float32)
    half = PATCH_PX // 2
    for row in range(SIDE_PX):
        for column in range(SIDE_PX):
            rows, columns = slice(max(0, row - half), row + half + 1), slice(max(0, column - half), column + half + 1)
            copies[row * SIDE_PX + column, 0, rows, columns] = 0
    whole = calibrated(network, field[np.newaxis, np.newaxis].astype(np.float32))[0, digit]
    fall = np.maximum(0, whole - read_in_pieces(network, copies, between)[:, digit])
    heat: Field = fall.reshape(SIDE_PX, SIDE_PX).astype(np.float32)
    return heat


def mosaic(planes: Field, *, signed: bool = False) -> Grey:
    """Planes (K, H, W) in rows, as grey (H', W') from black to the largest value of each plane.

    Signed planes become colours (H', W', 3): black at zero, orange above and blue below.
    """
    count, height, width = planes.shape
    columns = min(next((each for each in COLUMNS if count % each == 0), COLUMNS[0]), count)
    rows = -(-count // columns)
    size = rows * (height + GAP_PX) - GAP_PX, columns * (width + GAP_PX) - GAP_PX
    canvas = np.full((*size, 3) if signed else size, GAP_GREY, np.uint8)
    for index, plane in enumerate(planes):
        top, left = index // columns * (height + GAP_PX), index % columns * (width + GAP_PX)
        canvas[top : top + height, left : left + width] = _colors(plane) if signed else _greys(plane)
    return canvas


def overlay(field: Field, heat: Field) -> Grey:
    """The picture in grey with the heat (28, 28) in red over it: (28, 28, 3)."""
    share = heat / max(float(heat.max()), 1e-6)
    grey = np.clip(field, 0, 1) * 160
    colors = np.stack([grey * (1 - share) + 255 * share, grey * (1 - share), grey * (1 - share)], axis=-1)
    return _rounded(colors)


def _greys(plane: Field) -> Grey:
    return _rounded(255 * np.clip(plane / max(float(plane.max()), 1e-6), 0, 1))


def _colors(plane: Field) -> Grey:
    share = plane / max(float(np.abs(plane).max()), 1e-6)
    above, below = np.maximum(share, 0), np.maximum(-share, 0)
    colors = np.stack([255 * above + 40 * below, 150 * above + 130 * below, 30 * above + 255 * below], axis=-1)
    return _rounded(colors)


def _rounded(values: npt.NDArray[np.floating]) -> Grey:
    rounded: Grey = np.rint(values).astype(np.uint8)
    return rounded
