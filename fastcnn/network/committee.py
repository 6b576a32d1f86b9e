"""A committee: several networks that read each picture, and answer with the mean of their probabilities.

Each member's probabilities are those at its own temperature and views, so that one that is too sure does not outvote
the others. It has what a network has for reading, and one file; it is trained member by member.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_path
from fastcnn.kernels.values import kind_of, shown
from fastcnn.network.calibration import calibrated
from fastcnn.network.evaluation import Scores, evaluated_labels, scores
from fastcnn.network.ranges import look_once
from fastcnn.network.sequential import Sequential
from fastcnn.network.structure import check_name, temperature_entry
from fastcnn.storage import write_finite_arrays

MEMBERS = (2, 16)  # the fewest and the most
COMMITTEE_FORMAT = "fastcnn committee 1"


class Committee:
    """Several networks as one.

    Parameters
    ----------
    members : 2 to 16 networks that take and give the same shapes, and have the same classes
    name : a label that is saved along

    Raises
    ------
    TypeError, ValueError
        If the members are something else.
    """

    def __init__(self, members: Sequence[Sequential], *, name: str = "") -> None:
        if not isinstance(members, list | tuple | Iterator):
            raise TypeError(f"members must be a list of networks, not {shown(members)}")
        self.members: tuple[Sequential, ...] = tuple(members)
        low, high = MEMBERS
        if not low <= len(self.members) <= high:
            raise ValueError(f"a committee has {low} to {high} members, not {len(self.members)}")
        first = self.members[0]
        for member in self.members:
            if not isinstance(member, Sequential):
                raise TypeError(f"a committee's members must be networks, not {kind_of(member)}")
            if (member.input_shape, member.output_shape) != (first.input_shape, first.output_shape):
                raise ValueError(
                    f"a committee's members must take and give the same shapes: one goes from {member.input_shape} to "
                    f"{member.output_shape}, the first from {first.input_shape} to {first.output_shape}"
                )
            if member.classes != first.classes:
                raise ValueError("a committee's members must name their classes alike; see `classes` of each")
        self.name = check_name(name)
        self.input_shape, self.output_shape = first.input_shape, first.output_shape
        self.temperature, self.views = 1.0, 1  # of the mean; each member has its own
        self.range_seen = False  # see `ranges.look_once`

    def __repr__(self) -> str:
        return f"Committee({len(self.members)} x {self.members[0].name or 'network'}, input_shape={self.input_shape})"

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the outputs, which are those of each member."""
        return self.members[0].classes

    @property
    def parameter_count(self) -> int:
        """The number of trained values of all members."""
        return sum(member.parameter_count for member in self.members)

    def check_images(self, images: Array) -> None:
        """TypeError or ValueError, in one sentence, unless these are pictures that its members take."""
        self.members[0].check_images(images)

    def predict_proba(self, images: Array) -> Array:
        """Probabilities (N, classes) float64, the mean of what `calibrated` gives of each member.

        Arguments and errors as for `forward`, and the warning of `Sequential.predict_proba`.
        """
        probabilities = self._mean(images)
        look_once(self, images)
        return probabilities

    def predict(self, images: Array) -> Array:
        """The likeliest class of each picture; see `Sequential.predict`."""
        answers: Array = self._mean(images).argmax(axis=1)
        look_once(self, images)
        return answers

    def evaluate(self, images: Array, labels: Array) -> Scores:
        """Loss, accuracy, accuracy of each class and confusions; see `Sequential.evaluate`."""
        self.check_images(images)
        labels = evaluated_labels(labels, len(images), self.classes)
        probabilities = self._mean(images)
        look_once(self, images)
        return scores(probabilities, labels, self.classes)

    def forward(self, images: Array) -> Array:
        """Logits (N, classes) float64: the logarithm of `predict_proba`, so that their softmax gives that again.

        Arguments and errors as for `Sequential.forward`.
        """
        smallest = np.finfo(np.float64).tiny  # a logit must stay finite
        logits: Array = np.log(np.maximum(self._mean(images), smallest))
        return logits

    def _mean(self, images: Array) -> Array:
        """What the members say, together."""
        self.check_images(images)
        total = np.zeros((len(images), *self.output_shape))
        for member in self.members:
            total += calibrated(member, images)
        return total / len(self.members)

    def copy(self) -> Committee:
        """A committee of its own of copies of the members."""
        twin = Committee([member.copy() for member in self.members], name=self.name)
        twin.temperature = self.temperature
        return twin

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all members to one safetensors file; errors as for `Sequential.save`."""
        check_path("path", path)
        for member in self.members:
            member.check_readable()
        arrays = {
            f"{number}/{name}": array
            for number, member in enumerate(self.members)
            for name, array in member.state_arrays().items()
        }
        description = {"name": self.name, "members": [member.describe() for member in self.members]}
        metadata = {
            "format": COMMITTEE_FORMAT,
            "description": json.dumps(description),
            "temperatures": json.dumps([float(member.temperature) for member in self.members]),
            **temperature_entry(self.temperature),
        }
        write_finite_arrays(path, arrays, metadata)

    def summary(self) -> str:
        """How many members there are, and the table of each that differs from the one before."""
        tables = [member.summary() for member in self.members]
        if len(set(tables)) == 1:
            return f"{len(tables)} networks, each:\n{tables[0]}"
        return "\n".join(f"network {number}:\n{table}" for number, table in enumerate(tables, 1))


Network = Sequential | Committee


def leader(network: Network) -> Sequential:
    """The network itself, or a committee's first member: for what one network alone can show or learn."""
    return network.members[0] if isinstance(network, Committee) else network
