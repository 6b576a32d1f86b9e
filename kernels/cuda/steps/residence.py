"""The copies of a network's flat arrays on the GPU: which copy is the newest, and where a layer's window is."""

from typing import Any
from weakref import WeakSet

import numpy as np

from fastcnn.kernels.cuda.steps.clip import Clip
from fastcnn.kernels.cuda.toolchain.compiler import told
from fastcnn.kernels.cuda.toolchain.memory import DeviceArray, upload

_all: "WeakSet[Residence]" = WeakSet()


class Residence:
    """Copies of a network's flat host arrays on the GPU: values, gradients, buffers.

    After `home` the host's arrays are the newest, because the caller may write to them. After `changed` the GPU's are.
    """

    def __init__(self, *arrays: Any) -> None:
        self.host = arrays
        self.device = tuple(map(upload, arrays))
        self._host_may_differ, self._device_is_newer = False, False
        self._clip: Clip | None = None
        _all.add(self)

    def there(self) -> None:
        """Update the GPU's copies. Call it before the GPU reads them."""
        if self._host_may_differ:
            for array, copy in zip(self.host, self.device, strict=True):
                if array.size:
                    with told():
                        copy.copy_to_device(array)
            self._host_may_differ = False

    @property
    def is_newer(self) -> bool:
        """Whether only the GPU has the newest numbers."""
        return self._device_is_newer

    def changed(self) -> None:
        """Call it after the GPU has written to its copies."""
        self._device_is_newer = True

    def clip(self, max_norm: float) -> None:
        """Scale the gradients on the GPU, so that their Euclidean norm is at most max_norm."""
        if self._clip is None:
            self._clip = Clip(self.host[1].size)
        self._clip(self.device[1], max_norm)

    def home(self) -> None:
        """Update the host's arrays. Call it before the host reads or writes them."""
        if self._device_is_newer:
            for array, copy in zip(self.host, self.device, strict=True):
                if array.size:
                    with told():
                        array[:] = copy.copy_to_host()
            self._device_is_newer = False
        self._host_may_differ = True


def resident(window: Any) -> DeviceArray:
    """The GPU's copy of a window into the flat arrays of a network."""
    start = window.__array_interface__["data"][0]
    for residence in _all:
        for array, copy in zip(residence.host, residence.device, strict=True):
            first = array.__array_interface__["data"][0]
            if first <= start < first + array.nbytes:
                at = (start - first) // array.itemsize
                return copy[at : at + int(np.prod(window.shape))]
    raise LookupError("the window belongs to no network on the GPU")
