"""Keep a network's weights after each epoch in one small file, so that a training can be looked at afterwards.

The first epoch is stored in float16. Each later one is the difference from the one before, one byte a value: each row
of an array has its own scale. The difference is taken from what the file gives, so errors do not add up: a weight
differs by at most 1/254 of the largest change in its row. Arrays of few values are stored unchanged.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_path
from fastcnn.errors import FastcnnError
from fastcnn.kernels.shapes import integer
from fastcnn.network.sequential import Sequential
from fastcnn.storage import read_arrays, write_arrays
from fastcnn.training.callback import Callback, Training
from fastcnn.training.history import Epoch

FORMAT = "fastcnn epochs 1"
SMALL = 4096  # values of an array that is stored unchanged
LARGEST = 127
MAX_BYTES = 8_000_000
_OVERHEAD = 200_000  # for the scales, the small arrays and the header


class KeepEpochs(Callback):
    """Write the weights of the start and of each epoch to a file, which `read_epochs` reads.

    Parameters
    ----------
    path : the file; it is replaced as a whole after each epoch. Another file than one of epochs is not replaced
    max_bytes : about how large the file may become: of a longer training, only every second or third epoch is kept,
        and the last one

    After a resume the file goes on, if it holds the earlier epochs.
    """

    def __init__(self, path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> None:
        self.path, self.max_bytes = check_path("path", path), integer("max_bytes", max_bytes, 1)

    def on_start(self, training: Training) -> None:
        if not self.path.parent.is_dir():
            raise FastcnnError(
                "cannot write {path}: its folder does not exist; make it or choose another place", path=self.path
            )
        if self.path.exists() and self.path.stat().st_size and not _holds_epochs(self.path):
            raise FastcnnError("{path} exists and holds no kept epochs; choose another name", path=self.path)
        self._network = training.network
        self._packed: dict[str, Array] = {}
        self._kept: list[int] = []
        self._accuracies: list[float | None] = []
        self._now: dict[str, Array] = {}
        self._add(0, None)

    def on_resume(self, epochs: Sequence[Epoch]) -> None:
        earlier = read_epochs(self.path) if self.path.exists() else None
        if earlier is None:
            return
        kept = [epoch for epoch in earlier.epochs if epoch <= len(epochs)]
        self._packed = {name: array for name, array in earlier.packed.items() if int(name.split("/")[0]) in kept}
        self._kept, self._accuracies = kept, list(earlier.accuracies[: len(kept)])
        self._now = earlier.arrays(kept[-1])

    def on_epoch_end(self, epoch: Epoch) -> None:
        every = self._every(epoch.epochs)
        if epoch.epoch % every and epoch.epoch != epoch.epochs:
            return
        self._add(epoch.epoch, epoch.validation_accuracy)
        description = {**self._network.describe(), "dtype": "float32"}
        metadata = {
            "format": FORMAT,
            "description": json.dumps(description),
            "epochs": json.dumps(self._kept),
            "accuracies": json.dumps(self._accuracies),
        }
        write_arrays(self.path, self._packed, metadata)

    def _every(self, epochs: int) -> int:
        """Which epochs are kept: one in so many."""
        values = sum(array.size for array in self._now.values() if array.size > SMALL)
        room = max(1, (self.max_bytes - _OVERHEAD - 2 * values) // max(1, values))
        return -(-epochs // room)

    def _add(self, epoch: int, accuracy: float | None) -> None:
        for name, array in self._network.state_arrays().items():
            array = array.astype(np.float32)
            for part, stored in _pack(array, self._now.get(name)).items():
                self._packed[f"{epoch}/{part}/{name}"] = stored
            self._now[name] = _unpack(self._packed, epoch, name, self._now.get(name))
        self._kept.append(epoch)
        self._accuracies.append(accuracy)


@dataclass(frozen=True, eq=False)
class Epochs:
    """The kept epochs of one training.

    epochs : their numbers, in rising order; 0 is the untrained network
    accuracies : on the validation pictures, None where it is not known
    packed : the arrays of the file
    """

    epochs: tuple[int, ...]
    accuracies: tuple[float | None, ...]
    description: dict[str, Any]
    packed: dict[str, Array]

    def arrays(self, epoch: int) -> dict[str, Array]:
        """The parameters and buffers after an epoch, by name, in float32; ValueError if it is not kept."""
        if epoch not in self.epochs:
            raise ValueError(f"epoch must be one of {', '.join(map(str, self.epochs))}, not {epoch!r}")
        now: dict[str, Array] = {}
        for each in self.epochs:
            for key in self.packed:
                number, part, name = key.split("/", 2)
                if int(number) == each and part != "scale":
                    now[name] = _unpack(self.packed, each, name, now.get(name))
            if each == epoch:
                break
        return now

    def network(self, epoch: int) -> Sequential:
        """The network as it was after an epoch; errors as in `arrays`."""
        network = Sequential.from_description(self.description, seed=0)
        network.load_state_arrays(self.arrays(epoch))
        return network


def read_epochs(path: str | os.PathLike[str]) -> Epochs:
    """Read a file of `KeepEpochs`.

    Raises
    ------
    FastcnnError
        If the file cannot be read, or is not a complete and unchanged file of epochs; one sentence says why.
    """
    path = check_path("path", path)
    packed, metadata = read_arrays(path)
    if metadata.get("format") != FORMAT:
        raise FastcnnError("{path} holds no kept epochs; give a file that a training wrote with them", path=path)
    try:
        epochs, accuracies = json.loads(metadata["epochs"]), json.loads(metadata["accuracies"])
        made = Epochs(tuple(epochs), tuple(accuracies), json.loads(metadata["description"]), packed)
        made.network(made.epochs[0])  # so that a wrong description is known now
    except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        raise FastcnnError("{path} holds no epochs of a network that fastcnn knows", path=path) from error
    return made


def _holds_epochs(path: Path) -> bool:
    try:
        return read_arrays(path)[1].get("format") == FORMAT
    except FastcnnError:
        return False


def _pack(array: Array, before: Array | None) -> dict[str, Array]:
    if array.size <= SMALL:
        return {"whole": array}
    if before is None:
        return {"half": array.astype(np.float16).view(np.uint8)}  # files of ours hold no other small numbers
    change = array - before
    scale = np.abs(change).reshape(len(change), -1).max(axis=1) / LARGEST
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    steps = np.rint(change / _rows(scale, change))
    return {"scale": scale, "change": np.clip(steps, -LARGEST, LARGEST).astype(np.int8).view(np.uint8)}


def _unpack(packed: dict[str, Array], epoch: int, name: str, before: Array | None) -> Array:
    if (whole := packed.get(f"{epoch}/whole/{name}")) is not None:
        return whole
    if (half := packed.get(f"{epoch}/half/{name}")) is not None:
        return half.view(np.float16).astype(np.float32)
    assert before is not None
    change = packed[f"{epoch}/change/{name}"].view(np.int8).astype(np.float32)
    unpacked: Array = before + change * _rows(packed[f"{epoch}/scale/{name}"], change)
    return unpacked


def _rows(scale: Array, array: Array) -> Array:
    return scale.reshape(-1, *[1] * (array.ndim - 1))
