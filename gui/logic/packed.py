"""Pictures without their empty margins: MNIST's 60,000 take 24 MB so, not 47 (docs/tried.md)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastcnn.gui.logic.turns import Between, nothing

Pixels = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
PIECE = 500  # pictures; 2 ms


class Packed:
    """A `fastcnn.Dataset` of pictures (N, 1, H, W). Each batch is unpacked, and has the pixels that it had.

    Of each picture a rectangle is kept, of one size, in which all is that is not zero. MNIST's digits were made for a
    square of 20 pixels.

    between : called between two pieces of the packing, with the share that is done
    """

    def __init__(self, images: Pixels, labels: Numbers, between: Between = nothing) -> None:
        self._form, self._labels = images.shape[1:], labels
        pieces = [slice(start, start + PIECE) for start in range(0, len(images), PIECE)]
        begins, ends = np.empty((2, len(images), 2), np.int64)
        for piece in pieces:
            begins[piece], ends[piece] = _inked(images[piece, 0])
            between(0.5 * piece.start / len(images))
        size = (ends - begins).max(axis=0)
        self._corners = np.minimum(begins, self._form[1:] - size)  # no rectangle reaches over the edge
        self._within = [np.arange(each) for each in size]
        self._kept = np.empty((len(images), *size), np.uint8)
        for piece in pieces:
            self._kept[piece] = images[piece, 0][self._places(self._corners[piece])]
            between(0.5 + 0.5 * piece.start / len(images))

    def __len__(self) -> int:
        return len(self._labels)

    def batch(self, indices: Numbers, /) -> tuple[Pixels, Numbers]:
        """The pictures and labels with these numbers."""
        images = np.zeros((len(indices), *self._form), np.uint8)
        images[:, 0][self._places(self._corners[indices])] = self._kept[indices]
        return images, self._labels[indices]

    def _places(self, corners: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """The numbers of pictures with these corners, and the rows and columns of what is kept of them."""
        rows, columns = (corners[:, axis, None] + within for axis, within in enumerate(self._within))
        return np.arange(len(corners))[:, None, None], rows[:, :, None], columns[:, None, :]


def _inked(planes: Pixels) -> tuple[Numbers, Numbers]:
    """The first row and column of each plane (N, H, W) that is not all zero, and those after the last one."""
    begins, ends = [], []
    for axis in (2, 1):
        used = np.asarray(planes.max(axis=axis)) > 0
        begin = used.argmax(axis=1)
        begins.append(begin)
        ends.append(np.where(used.any(axis=1), used.shape[1] - used[:, ::-1].argmax(axis=1), begin + 1))
    return np.stack(begins, axis=1), np.stack(ends, axis=1)
