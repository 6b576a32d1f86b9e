"""One optimizer step on flat arrays: the twins of `kernels.reference.updates`.

Arrays of the GPU are changed where they are; arrays of the host go up and come back.
"""

from typing import Any

import numpy as np

from fastcnn.kernels.cuda.functions import changes
from fastcnn.kernels.cuda.toolchain.compiler import Kernel
from fastcnn.kernels.cuda.toolchain.memory import download, upload
from fastcnn.kernels.cuda.toolchain.sizes import line_grid
from fastcnn.kernels.updates import Updates


def _run(update: Kernel, arrays: tuple[Any, ...], *numbers: float) -> None:
    """Call a kernel with the numbers in the arrays' dtype."""
    rounded = [arrays[0].dtype.type(number) for number in numbers]
    if arrays[0].size == 0:
        return
    there = [upload(array) if isinstance(array, np.ndarray) else array for array in arrays]
    update(*line_grid(arrays[0].size), *there, *rounded)
    for array, copy in zip(arrays, there, strict=True):
        if isinstance(array, np.ndarray) and array.flags.writeable:
            array[:] = download(copy, array.shape)


_updates = Updates(
    _run,
    sgd=changes.sgd,
    momentum=changes.momentum,
    nesterov=changes.nesterov,
    adagrad=changes.adagrad,
    rmsprop=changes.rmsprop,
    adam=changes.adam,
    ema=changes.ema,
)
sgd_update = _updates.sgd_update
momentum_update = _updates.momentum_update
nesterov_update = _updates.nesterov_update
adagrad_update = _updates.adagrad_update
rmsprop_update = _updates.rmsprop_update
adam_update = _updates.adam_update
adamw_update = _updates.adamw_update
ema_update = _updates.ema_update
