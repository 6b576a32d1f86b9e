"""Arrays on the GPU: make them, fill them from the host, read them. A full memory is an error in one sentence."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.cuda.toolchain.compiler import cuda, told

# Numba's device array. Here it is flat and C-contiguous; it has .size, .dtype and .copy_to_host().
DeviceArray: TypeAlias = Any


def upload(array: Any) -> DeviceArray:
    """A flat copy on the GPU; one zero for an empty array, because a kernel needs an argument."""
    with told():
        flat = np.ascontiguousarray(array).reshape(-1)
        return cuda.to_device(flat if flat.size else np.zeros(1, flat.dtype))


def empty(count: int, dtype: Any) -> DeviceArray:
    """An uninitialised array of `count` elements, at least one."""
    with told():
        return cuda.device_array(max(1, count), dtype)


def zeros(count: int, dtype: Any) -> DeviceArray:
    return upload(np.zeros(max(1, count), dtype))


def fill(target: DeviceArray, array: Any) -> DeviceArray:
    """Overwrite the first elements of an array on the GPU, without allocation; returns target."""
    with told():
        target[: array.size].copy_to_device(np.ascontiguousarray(array).reshape(-1))
    return target


def download(array: DeviceArray, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """The first elements of a device array as a new array of that shape."""
    count = int(np.prod(shape, dtype=np.int64))
    with told():
        found = array[:count].copy_to_host() if count else np.empty(0, array.dtype)
    return np.reshape(found, shape)
