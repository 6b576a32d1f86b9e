"""Checkpoints: one safetensors file holds all that a training needs to go on as if it had never stopped.

The names of arrays have the prefixes `network/`, `optimizer/`, `average/` and `best/`. The rest is JSON in the file's
metadata. The file is replaced atomically: after a kill it is the old checkpoint or the new one, never a part of one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError
from fastcnn.kernels.precision import FLOAT32
from fastcnn.storage import MAX_FILE_BYTES, read_arrays, write_arrays

FORMAT = "fastcnn checkpoint 1"
GROUPS = ("network", "optimizer", "average", "best")
STATE = ("settings", "epoch", "steps", "rng", "history")
MAX_BYTES = 5 * MAX_FILE_BYTES  # the network, its average and its best, and the two arrays of Adam

# How an error's sentence names a setting that differs. Other settings are shown by their values.
OPAQUE_SETTINGS = {
    "network": "another network or another number of views",
    "loss": "another loss or other class weights",
    "optimizer": "another optimizer",
    "schedule": "another schedule of learning rates",
    "data": "other training data",
    "validation_data": "other validation pictures",
    "shards": "another way to share a batch: ranks, or no ranks",
}


@dataclass
class Checkpoint:
    """The state of a training after `epoch` finished epochs.

    settings : the settings of the training; resuming needs the same
    rng : state of the PCG64 generator that shuffles
    history : the finished epochs' records
    groups : for each name in `GROUPS` the arrays by name
    lr : the learning rate that a callback set for all later epochs; None where the schedule counts
    """

    settings: dict[str, Any]
    epoch: int
    steps: int
    rng: dict[str, Any]
    history: list[dict[str, Any]]
    groups: dict[str, dict[str, Array]] = field(default_factory=dict)
    lr: float | None = None

    def check_settings(self, wanted: dict[str, Any], path: Path) -> None:
        """Raise an error unless a training with the settings `wanted` leads to this state."""
        asked = wanted["epochs"]
        if asked < self.epoch:
            raise FastcnnError(
                "{path} has {done} epochs done, more than the {asked} asked for; ask for more",
                path=path,
                done=self.epoch,
                asked=asked,
            )
        # More epochs than planned are fine, unless they would have changed the learning rates on the way.
        ignored = {"epochs"} if wanted["schedule"] == self.settings.get("schedule") else set[str]()
        # The schedule comes last: it differs wherever epochs, batch size or data differ, and these explain more.
        wanted, made_with = ({"shards": None, "precision": FLOAT32, **each} for each in (wanted, self.settings))
        for name in sorted(wanted, key=lambda name: (name == "schedule", name not in OPAQUE_SETTINGS)):
            if name in ignored or wanted[name] == made_with.get(name):
                continue
            made = OPAQUE_SETTINGS.get(name) or f"{name.replace('_', ' ')} {made_with.get(name)}, not {wanted[name]}"
            raise FastcnnError(
                "{path} was made with {detail}; resume with the same or start a new training", path=path, detail=made
            )


def save_checkpoint(checkpoint: Checkpoint, path: str | Path) -> None:
    """Write a checkpoint atomically. If that fails, FastcnnError is raised and the old file is as it was."""
    state = {name: getattr(checkpoint, name) for name in (*STATE, *(["lr"] if checkpoint.lr is not None else []))}
    arrays = {
        f"{group}/{name}": array for group, members in checkpoint.groups.items() for name, array in members.items()
    }
    write_arrays(path, arrays, {"format": FORMAT, "state": json.dumps(state, sort_keys=True)})


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint. The code that uses the arrays checks their names, shapes and values.

    Raises
    ------
    FastcnnError
        If the file is missing, too large, damaged, or no checkpoint.
    """
    if not Path(path).exists():
        raise FastcnnError("there is no checkpoint {path}; start a new training", path=path)
    arrays, metadata = read_arrays(path, max_bytes=MAX_BYTES)
    if metadata.get("format") != FORMAT or "state" not in metadata:
        raise FastcnnError("{path} is no checkpoint of a training; give the file that training wrote", path=path)
    groups: dict[str, dict[str, Array]] = {group: {} for group in GROUPS}
    try:
        for name, array in arrays.items():
            group, _, member = name.partition("/")
            groups[group][member] = array
        checkpoint = Checkpoint(groups=groups, **json.loads(metadata["state"]))
        _check_types(checkpoint)
    except (KeyError, TypeError, ValueError, RecursionError):
        raise FastcnnError("{path} is a damaged checkpoint; start a new training", path=path) from None
    return checkpoint


def _check_types(checkpoint: Checkpoint) -> None:
    kinds = (("settings", dict), ("epoch", int), ("steps", int), ("rng", dict), ("history", list))
    for name, kind in kinds:
        if not isinstance(getattr(checkpoint, name), kind):
            raise TypeError(f"{name} must be a {kind.__name__}")
    if checkpoint.epoch != len(checkpoint.history) or checkpoint.epoch < 0 or checkpoint.steps < 0:
        raise ValueError("the epochs done do not fit the history")
