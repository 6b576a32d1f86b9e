"""The first step, which takes the pictures."""

from typing import Any

import numpy as np

from fastcnn.kernels.cpu.products.calls import entry_point
from fastcnn.kernels.cpu.products.layout import load_pictures
from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, chooser
from fastcnn.kernels.shapes import Array
from fastcnn.kernels.threads import threads

BYTE = np.dtype(np.uint8)


class Input(Step):
    """The batch of pictures, channels-last and from 0 to 1."""

    name = "pictures"

    def __init__(self, out: Activation) -> None:
        super().__init__(out, out)
        self._kernels: dict[tuple[np.dtype[Any], bool], Any] = {}

    def load(self, images: Array) -> None:
        """images: (n, C, H, W) uint8, divided by 255, or floats, used unchanged; contiguous, aligned and writeable."""
        form = images.dtype, images.size >= PARALLEL_COPIES and threads() > 1
        args = self.out.data, self.out.frame, images, 255 if form[0] == BYTE else None
        if form not in self._kernels:
            self._kernels[form] = entry_point(chooser(load_pictures, form[1]), args)
        self._kernels[form](*args)
