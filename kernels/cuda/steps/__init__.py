"""The steps of a network's plan on the GPU. Names and arguments are those of `kernels.cpu.steps`.

Pictures are channels-last without a border; the convolution's kernels test for the border. All arrays are on the GPU,
also the parameters (`residence`) and the pictures of a training (`dataset`). A training step copies almost nothing to
the GPU, and copies one float back when the loss is read.
"""

from fastcnn.kernels.cuda.steps import device
from fastcnn.kernels.steps import found_in

_found = found_in(__name__, __path__)
globals().update(_found)
__all__ = ["device", *_found]
