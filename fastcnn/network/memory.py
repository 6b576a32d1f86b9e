"""A network's memory: its flat arrays with their windows, and where the newest copy of them is.

A backend that computes on a GPU keeps copies there (`kernels.cuda.residence`). Whoever asks for an array here gets the
newest numbers; whoever runs steps says so before (`ready_for`) and after (`changed`).

Steps keep weights in a form of their own, which they make again after a change (`version`). An array that is given out
may be written to at any time. So each is lent: a view that is alive for as long as the user, or a view of the user's,
holds it.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.kernels.protocols import Device, Residence, Steps
from fastcnn.layers.parameters import Declaration, Parameter, allocate, initialise
from fastcnn.optim.clipping import clip_gradients

if TYPE_CHECKING:
    from fastcnn.optim.optimizers import Optimizer


class _Loan:
    """What makes NumPy give a view whose views keep it alive: they would keep the array alive alone otherwise."""

    def __init__(self, array: Array) -> None:
        self._array = array
        self.__array_interface__ = array.__array_interface__


class Memory:
    """The arrays of one network.

    Parameters
    ----------
    declared : each parameter and buffer by its full name, in order
    dtype : float32 or float64
    seed : for the initial values; None draws from the system's entropy
    lock : of the network's runs; held while numbers are fetched
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
        for window in self._windows.values():
            window.lend = self._lend
        self._version = 0
        self._loans: list[weakref.ref[Array]] = []
        self._residence: Residence | None = None  # the copies on a GPU, once there are any
        self._device: Device | None = None  # where the last run computed, if not on the host

    @property
    def values(self) -> Array:
        """All trained values, flat; the newest."""
        self.home()
        return self._lend(self._values)

    @property
    def gradients(self) -> Array:
        """Their gradients, in the same order; the newest."""
        self.home()
        return self._gradients

    @property
    def buffers(self) -> Array:
        """What is kept but not trained, flat; the newest."""
        self.home()
        return self._lend(self._buffers)

    @property
    def windows(self) -> dict[str, Parameter]:
        """All windows by full name; the newest numbers are in them."""
        self.home()
        return self._windows

    def version(self) -> int | None:
        """A number that changes with the values and buffers; None while somebody else may write to them."""
        self._loans = [loan for loan in self._loans if loan() is not None]
        return None if self._loans else self._version

    def _lend(self, array: Array) -> Array:
        """A view of an array for somebody who may write to it."""
        self._version += 1
        view = np.asarray(_Loan(array))
        self._loans.append(weakref.ref(view))
        return view

    def home(self) -> None:
        """Before the arrays are read or written here: fetch what a GPU has changed."""
        if self._residence is not None:
            with self._lock:
                self._residence.home()

    def ready_for(self, steps: Steps | None) -> None:
        """Before a run by these steps, or by the layers themselves (None): bring the arrays where it computes."""
        self._device = None if steps is None else steps.device
        if self._device is None:
            self.home()
        else:
            self._there(self._device)

    def changed(self) -> None:
        """After something wrote to them: a run, or an optimizer."""
        self._version += 1
        if self._device is not None:
            self._there(self._device).changed()

    def update_by(self, optimizer: Optimizer) -> None:
        """One step of an optimizer, where the arrays are: on a GPU nothing leaves it."""
        away = self._away()
        if away is not None:
            values, gradients, _ = away.device
            optimizer.update(values, gradients)
        else:
            self.home()
            optimizer.update(self._values, self._gradients)
        self._version += 1

    def clip(self, max_norm: float) -> None:
        """Scale the gradients, where these are, so that their Euclidean norm is at most max_norm."""
        away = self._away()
        if away is not None:
            away.clip(max_norm)
        else:
            clip_gradients(self.gradients, max_norm)

    def average_in(self, source: Memory, decay: float) -> None:
        """Move values and buffers by (1 - decay) of the way to those of a memory of the same layout, where they are."""
        ours, theirs = None, source._away()
        if theirs is not None:
            assert source._device is not None  # or it would not be away
            ours = self._there(source._device)
            averages, _, averaged_buffers = ours.device
            values, _, buffers = theirs.device
        else:
            self.home()
            source.home()
            averages, averaged_buffers, values, buffers = self._values, self._buffers, source._values, source._buffers
        self._version += 1
        kernels.active().update("ema", (averages, values), (1 - decay,))
        if self._buffers.size:
            kernels.active().update("ema", (averaged_buffers, buffers), (1 - decay,))
        if ours is not None:
            ours.changed()

    def _there(self, device: Device) -> Residence:
        """The copies on a GPU, brought up to date."""
        if self._residence is None:
            self._residence = device.Residence(self._values, self._gradients, self._buffers)
        self._residence.there()
        return self._residence

    def _away(self) -> Residence | None:
        """The copies on a GPU, if the newest numbers are there alone."""
        return self._residence if self._residence is not None and self._residence.is_newer else None
