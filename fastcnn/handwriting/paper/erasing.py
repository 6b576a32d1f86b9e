"""Take lines away from ink, with their soft edges."""

from __future__ import annotations

import numpy as np

from fastcnn.handwriting.preparation.components import Mask
from fastcnn.handwriting.preparation.planes import Plane


def erased(ink: Plane, mask: Mask, gone: Mask) -> Plane:
    """The ink (H, W) uint8 without the pixels of `gone`, and without those next to them that the mask leaves out."""
    soft = gone.copy()
    soft[1:] |= gone[:-1]
    soft[:-1] |= gone[1:]
    soft[:, 1:] |= gone[:, :-1]
    soft[:, :-1] |= gone[:, 1:]
    return np.where(gone | (soft & ~mask), np.uint8(0), ink)
