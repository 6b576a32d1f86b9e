"""An exponential moving average of a network's weights and running statistics."""

from __future__ import annotations

from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_fraction
from fastcnn.kernels.values import check_named, shown
from fastcnn.optim.optimizers import counter


class Averaged(Protocol):
    """The part of a network that its average needs."""

    def copy(self) -> Self:
        """A separate network with the same values and buffers."""

    def average_in(self, source: Self, decay: float) -> None:
        """Move values and buffers towards those of another network of the same shape, by (1 - decay) of the way."""

    def state_arrays(self) -> dict[str, Array]:
        """Copies of all values and buffers, by name."""

    def load_state_arrays(self, arrays: dict[str, Array]) -> None:
        """Take the values and buffers that `state_arrays` gave."""


Network = TypeVar("Network", bound=Averaged)


class ExponentialMovingAverage(Generic[Network]):
    """A running mean of a network's values and buffers. It is often a better network than the last values.

    Parameters
    ----------
    network : the network to average
    decay : the share of the old average that one update keeps, in [0, 1)

    Update t, counted from 0, keeps at most (1 + t) / (10 + t). So the random start soon has no weight. Running
    statistics are averaged too, because the network's present ones belong to other weights (docs/tried.md).
    """

    def __init__(self, network: Network, decay: float) -> None:
        if not hasattr(network, "average_in"):
            raise TypeError(f"network must be a fastcnn.Sequential, not {shown(network)}")
        self.decay = check_fraction("decay", decay)
        self.updates = 0
        self._source = network
        self.network = network.copy()  # the average; updates change it

    def update(self) -> None:
        """Add the network's present values and buffers to the average. Call it after each step."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        self.network.average_in(self._source, decay)

    def state_arrays(self) -> dict[str, Array]:
        """For a checkpoint: "updates", an int64 of shape (1,), and the averaged network's arrays."""
        return {"updates": np.array([self.updates], np.int64), **self.network.state_arrays()}

    def load_state_arrays(self, arrays: dict[str, Array]) -> None:
        """Continue from what `state_arrays` gave; ValueError where names, shapes, dtypes or values do not fit."""
        check_named(arrays)
        updates = counter("updates", arrays)
        self.network.load_state_arrays({name: array for name, array in arrays.items() if name != "updates"})
        self.updates = updates
