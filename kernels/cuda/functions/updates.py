"""One optimizer step on flat arrays: the rules of `kernels.updates`, with a thread for each element.

Arrays on the GPU are changed in place. Arrays on the host are copied to the GPU and back.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn.kernels.cuda.toolchain.compiler import Kernel, device, kernel
from fastcnn.kernels.cuda.toolchain.index import here
from fastcnn.kernels.cuda.toolchain.memory import download, upload
from fastcnn.kernels.cuda.toolchain.sizes import line_grid
from fastcnn.kernels.updates import RULES


def _loop(name: str) -> Kernel:
    """The kernel of a rule. Its source is made here: each rule has other parameters, and a launch takes no tuples."""
    element, arrays, numbers = RULES[name]
    letters = ["F"] * arrays + ["f"] * numbers
    parameters = [f"{letter}{place}" for place, letter in enumerate(letters)]
    source = f"""def {name}({", ".join(parameters)}):
    i = here()
    if i < F0.size:
        element(i, ({", ".join(parameters[:arrays])},), ({", ".join(parameters[arrays:])},))
"""
    made: dict[str, Any] = {"here": here, "element": device(element)}
    exec(source, made)
    return kernel(" ".join(letters))(made[name])


LOOPS = {name: _loop(name) for name in RULES}


def update(rule: str, arrays: Sequence[Any], numbers: Sequence[float]) -> None:
    """See `kernels.reference.updates`."""
    if arrays[0].size == 0:
        return
    there = [upload(array) if isinstance(array, np.ndarray) else array for array in arrays]
    LOOPS[rule](*line_grid(arrays[0].size), *there, *map(arrays[0].dtype.type, numbers))
    for array, copy in zip(arrays, there, strict=True):
        if isinstance(array, np.ndarray) and array.flags.writeable:
            array[:] = download(copy, array.shape)
