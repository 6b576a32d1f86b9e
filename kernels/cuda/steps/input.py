"""The first step, which takes the pictures."""

import numpy as np

from fastcnn.kernels.cuda.steps import elementwise
from fastcnn.kernels.cuda.steps.base import Activation, Step
from fastcnn.kernels.cuda.steps.dataset import Batch, Picks
from fastcnn.kernels.cuda.toolchain.memory import DeviceArray, empty, fill, upload
from fastcnn.kernels.cuda.toolchain.sizes import line_grid
from fastcnn.kernels.shapes import Array


class Input(Step):
    """The batch of pictures, channels-last and from 0 to 1. Bytes are copied to the GPU as bytes."""

    name = "pictures"

    def __init__(self, out: Activation) -> None:
        super().__init__(out, out)
        capacity = out.data.size // out.size
        self.bytes = empty(capacity * out.size, np.uint8)
        self.in_turn = upload(np.arange(capacity, dtype=np.int32))

    def load(self, images: Array | Batch) -> None:
        """images: (n, C, H, W) uint8, divided by 255, or floats, used unchanged; or a batch that is on the GPU."""
        if isinstance(images, Batch):
            self._load_bytes(images.pictures, len(images))
        elif images.dtype == np.uint8:
            self.lay_out(fill(self.bytes, images), len(images))
        else:
            self.lay_out(upload(images.astype(self.dtype, copy=False)), len(images))

    def lay_out(self, images: DeviceArray, n: int) -> None:
        """Lay out n pictures that are on the GPU, as bytes or in the network's dtype."""
        if images.dtype == np.uint8:
            self._load_bytes(Picks(images, self.in_turn, 0), n)
        elif n:
            sizes = (n * self.out.size, self.out.channels, self.out.height, self.out.width)
            elementwise.load_floats(*line_grid(sizes[0]), self.out.data, images, *sizes)

    def _load_bytes(self, picks: Picks, n: int) -> None:
        sizes = (n * self.out.size, self.out.channels, self.out.height, self.out.width)
        if n:
            elementwise.load_bytes(*line_grid(sizes[0]), self.out.data, *picks, *sizes)
