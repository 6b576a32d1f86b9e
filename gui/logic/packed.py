"""Pictures without their zeros: MNIST's 60,000 take 15 MB so, not 47 (docs/tried.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from fastcnn.gui.logic.turns import nothing

Pixels = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


class Packed:
    """A `fastcnn.Dataset` of pictures (N, C, H, W). Each batch is unpacked, and has the pixels that it had.

    Of each picture a bit for each pixel says whether that is zero, and the others are kept in their order.

    Parameters
    ----------
    pieces : some pictures after the other, with their labels
    between : called after each piece is packed
    """

    def __init__(self, pieces: Iterable[tuple[Pixels, Numbers]], between: Callable[[], object] = nothing) -> None:
        masks, labels, counts, inked = [], [], [np.zeros(1, np.int64)], bytearray()
        for images, numbers in pieces:
            self._form = images.shape[1:]
            flat = images.reshape(len(images), -1)
            mask = flat != 0
            masks.append(np.packbits(mask, axis=1))
            labels.append(numbers)
            counts.append(np.count_nonzero(mask, axis=1))
            inked += flat[mask].tobytes()
            between()
        self._masks, self._labels = np.concatenate(masks), np.concatenate(labels)
        self._starts = np.cumsum(np.concatenate(counts))
        self._inked = np.frombuffer(inked, np.uint8)

    def __len__(self) -> int:
        return len(self._labels)

    def batch(self, indices: Numbers, /) -> tuple[Pixels, Numbers]:
        """The pictures and labels with these numbers."""
        images = np.zeros((len(indices), *self._form), np.uint8)
        flat = images.reshape(len(indices), -1)
        mask = np.unpackbits(self._masks[indices], axis=1, count=flat.shape[1]).view(bool)
        pairs = zip(self._starts[indices].tolist(), self._starts[indices + 1].tolist(), strict=True)
        flat[mask] = np.concatenate([self._inked[start:end] for start, end in pairs])
        return images, self._labels[indices]
