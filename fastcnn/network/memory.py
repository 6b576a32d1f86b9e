"""A network's memory: its flat arrays with their windows, and the place of their newest copy.

A backend that computes on a GPU keeps copies there (`kernels.cuda.steps.residence`). Code that reads an array here
gets the newest numbers. Code that runs steps calls `ready_for` before it and `changed` after it.

Steps keep weights in a form of their own, and make it again after a change (`version`). The user may write to an array
at any time. So each array is lent: the user gets a view, and the loan ends when the user, and all views made from that
view, have dropped it.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.kernels.protocols import Device, Residence, Steps
from fastcnn.layers.parameters import Declaration, Parameter, allocate, initialise
from fastcnn.optim.clipping import clip_gradients


class _Loan:
    """The base of a lent view. With it, views of the view keep the loan alive; else they keep only the array alive."""

    def __init__(self, array: Array) -> None:
        self._array = array
        self.__array_interface__ = array.__array_interface__


class _Loans:
    """Which arrays are lent, and how often they have changed.

    Windows lend through it and not through the memory, which has the windows: else each dropped network would keep its
    arrays until Python searches for circles.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._lent: list[weakref.ref[Array]] = []

    def lend(self, array: Array) -> Array:
        """A view of an array, for code that may write to it."""
        self.changes += 1
        self._forget_returned()  # or each step of a training would add one
        view = np.asarray(_Loan(array))
        self._lent.append(weakref.ref(view))
        return view

    def version(self) -> int | None:
        """A number that changes when an array does; None while a user may write to one."""
        self._forget_returned()
        return None if self._lent else self.changes

    def _forget_returned(self) -> None:
        self._lent = [loan for loan in self._lent if loan() is not None]


class Memory:
    """The arrays of one network.

    Parameters
    ----------
    declared : each parameter and buffer by its full name, in order
    dtype : float32 or float64
    seed : for the initial values; None draws from the system's entropy
    lock : the lock of the network's runs; it is held while numbers are fetched
    """

    def __init__(
        self,
        declared: Sequence[tuple[str, Declaration]],
        dtype: np.dtype[Any],
        seed: int | None,
        lock: AbstractContextManager[bool],
    ) -> None:
        self._lock = lock
        *arrays, self._windows = allocate(declared, dtype)
        self._values, self._gradients, self._buffers = arrays
        initialise(declared, self._windows, seed)
        self._loans = _Loans()
        self.version = self._loans.version  # of the values and buffers
        for window in self._windows.values():
            window.lend = self._loans.lend
        self._residence: Residence | None = None  # the copies on a GPU, if there are any
        self._device: Device | None = None  # the device of the last run, None for the host

    @property
    def values(self) -> Array:
        """The newest trained values, flat."""
        self.home()
        return self._loans.lend(self._values)

    @property
    def gradients(self) -> Array:
        """The newest gradients, in the same order as the values."""
        self.home()
        return self._gradients

    @property
    def buffers(self) -> Array:
        """The newest buffers, flat. They are not trained."""
        self.home()
        return self._loans.lend(self._buffers)

    @property
    def windows(self) -> dict[str, Parameter]:
        """All windows by full name, with the newest numbers."""
        self.home()
        return self._windows

    def home(self) -> None:
        """Fetch what a GPU has changed. Call it before the arrays are read or written on the host."""
        if self._residence is not None:
            with self._lock:
                self._residence.home()

    def ready_for(self, steps: Steps | None) -> None:
        """Bring the arrays to the device of these steps, or of the layers (None). Call it before each run."""
        self._device = None if steps is None else steps.device
        if self._device is None:
            self.home()
        else:
            self._there(self._device)

    def changed(self) -> None:
        """Call it after a run or an optimizer has written to the arrays."""
        self._loans.changes += 1
        if self._device is not None:
            self._there(self._device).changed()

    def to_update(self) -> tuple[Any, Any]:
        """Values and gradients on the device that has them, for an optimizer that changes the values."""
        self._loans.changes += 1
        if (away := self._away()) is not None:
            return away.device[:2]
        self.home()
        return self._values, self._gradients

    def clip(self, max_norm: float) -> None:
        """Scale the gradients on the device that has them, so that their Euclidean norm is at most max_norm."""
        away = self._away()
        if away is not None:
            away.clip(max_norm)
        else:
            clip_gradients(self.gradients, max_norm)

    def average_in(self, source: Memory, decay: float) -> None:
        """values = decay * values + (1 - decay) * source.values, and the same for the buffers, on their device."""
        ours, theirs = None, source._away()
        if theirs is not None:
            assert source._device is not None  # else the arrays would be on the host
            ours = self._there(source._device)
            averages, _, averaged_buffers = ours.device
            values, _, buffers = theirs.device
        else:
            self.home()
            source.home()
            averages, averaged_buffers, values, buffers = self._values, self._buffers, source._values, source._buffers
        self._loans.changes += 1
        kernels.active().update("ema", (averages, values), (1 - decay,))
        if self._buffers.size:
            kernels.active().update("ema", (averaged_buffers, buffers), (1 - decay,))
        if ours is not None:
            ours.changed()

    def _there(self, device: Device) -> Residence:
        """The copies on a GPU, after an update."""
        if self._residence is None:
            self._residence = device.Residence(self._values, self._gradients, self._buffers)
        self._residence.there()
        return self._residence

    def _away(self) -> Residence | None:
        """The copies on a GPU, if only they have the newest numbers."""
        return self._residence if self._residence is not None and self._residence.is_newer else None
