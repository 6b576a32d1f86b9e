"""The first step, which takes the pictures."""

import numpy as np

from fastcnn.kernels.cpu.products.layout import load_pictures
from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, chooser
from fastcnn.kernels.shapes import Array


class Input(Step):
    """The batch of pictures, channels-last and from 0 to 1."""

    name = "pictures"

    def __init__(self, out: Activation) -> None:
        super().__init__(out, out)

    def load(self, images: Array) -> None:
        """images: (n, C, H, W) uint8, divided by 255, or floats, used unchanged."""
        kernel = chooser(load_pictures, images.size >= PARALLEL_COPIES)
        kernel(self.out.data, self.out.frame, images, 255 if images.dtype == np.uint8 else None)
