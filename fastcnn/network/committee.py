"""A committee: several networks read each picture, and the answer is the mean of their probabilities.

Each member uses its own temperature and views, so that an overconfident member does not decide alone. A committee has
the same methods for reading as a network, and one file. Its members are trained one by one.
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
from fastcnn.network.display import page
from fastcnn.network.evaluation import Scores, evaluated_labels, scores
from fastcnn.network.ranges import look_once
from fastcnn.network.sequential import Sequential
from fastcnn.network.structure import check_name, temperature_entry
from fastcnn.storage import write_finite_arrays

MEMBERS = (2, 16)  # the smallest and largest number of members
COMMITTEE_FORMAT = "fastcnn committee 1"


class Committee:
    """Several networks as one.

    Parameters
    ----------
    members : 2 to 16 networks with the same input shape, output shape and classes
    name : a label, which is saved too

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
        self.temperature, self.views = 1.0, 1  # for the mean; each member has its own
        self.range_seen = False  # see `ranges.look_once`

    def __repr__(self) -> str:
        return f"Committee({len(self.members)} x {self.members[0].name or 'network'}, input_shape={self.input_shape})"

    def _repr_html_(self) -> str:
        """For notebooks: how many members there are, and the first one."""
        first = self.members[0]
        return f"<div>{len(self.members)} networks; the first:{page(first.name, first.input_shape, first.layers)}</div>"

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the outputs; all members have the same."""
        return self.members[0].classes

    @property
    def parameter_count(self) -> int:
        """The number of trained values, in all members together."""
        return sum(member.parameter_count for member in self.members)

    def check_images(self, images: Array) -> None:
        """TypeError or ValueError, in one sentence, unless its members can take these pictures."""
        self.members[0].check_images(images)

    def predict_proba(self, images: Array) -> Array:
        """Probabilities (N, classes) float64: the mean of `calibrated` over the members.

        Arguments and errors are those of `forward`; the warning is that of `Sequential.predict_proba`.
        """
        probabilities = self._mean(images)
        look_once(self, images)
        return probabilities

    def predict(self, images: Array) -> Array:
        """The most likely class of each picture; see `Sequential.predict`."""
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
        """Logits (N, classes) float64: the logarithm of `predict_proba`. Their softmax gives the same probabilities.

        Arguments and errors are those of `Sequential.forward`.
        """
        smallest = np.finfo(np.float64).tiny  # a logit must stay finite
        logits: Array = np.log(np.maximum(self._mean(images), smallest))
        return logits

    def prepare(self, count: int) -> None:
        """`Sequential.prepare` of each member."""
        for member in self.members:
            member.prepare(count)

    def _mean(self, images: Array) -> Array:
        """The mean of the members' probabilities."""
        self.check_images(images)
        total = np.zeros((len(images), *self.output_shape))
        for member in self.members:
            total += calibrated(member, images)
        return total / len(self.members)

    def copy(self) -> Committee:
        """A new committee with copies of the members."""
        twin = Committee([member.copy() for member in self.members], name=self.name)
        twin.temperature = self.temperature
        return twin

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all members to one safetensors file. The errors are those of `Sequential.save`."""
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
        """The number of members, and the table of each member that differs from the one before it."""
        tables = [member.summary() for member in self.members]
        if len(set(tables)) == 1:
            return f"{len(tables)} networks, each:\n{tables[0]}"
        return "\n".join(f"network {number}:\n{table}" for number, table in enumerate(tables, 1))


Network = Sequential | Committee


def leader(network: Network) -> Sequential:
    """The network itself, or the first member of a committee."""
    return network.members[0] if isinstance(network, Committee) else network
