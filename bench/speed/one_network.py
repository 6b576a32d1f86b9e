"""`bench network`: what `bench rivals` does, for one network of the user's."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn import Sequential
from fastcnn.bench.harness.room import check_room
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import rival_tables
from fastcnn.bench.rivals.networks import changed, needed_bytes
from fastcnn.bench.rivals.operations import operations
from fastcnn.bench.rivals.team import INFERENCE, TRAINING
from fastcnn.bench.speed.rivals import Case, compared
from fastcnn.errors import UsageError
from fastcnn.network.files import load_network
from fastcnn.zoo.bundled import find_model
from fastcnn.zoo.own import read_description

TRAINED, INFERRED = 64, (1, 32)  # batches


def find(word: str) -> Sequential:
    """What `read` gives, in float32; UnknownLayerError if a layer of it can be given to no rival."""
    network = read(word)
    network = changed(network) if network.dtype != np.float32 else network
    operations(network.layers)
    return network


def read(word: str) -> Sequential:
    """The network that a user's word means: a weights file, a name in the package, or a description in a .json file.

    Raises
    ------
    UsageError
        If there is none, or it is a committee.
    """
    if word.endswith(".json"):
        return _described(word)
    network = load_network(find_model(word)[1])
    if not isinstance(network, Sequential):
        raise UsageError("{word} is a committee; give one network, such as default", word=word)
    return network


def _described(path: str) -> Sequential:
    description = read_description(path)
    if "input_shape" not in description:
        raise UsageError("{path} names no input_shape; add it, such as [1, 28, 28]", path=path)
    try:
        return Sequential.from_description({"dtype": "float32", **description}, seed=0)
    except (ValueError, TypeError) as error:
        raise UsageError("{path}: {detail}", path=path, detail=str(error)[:150]) from None


def run(settings: Settings, network: Sequential) -> dict[str, Any]:
    """The rows of training and inference."""
    name = network.name or "network"
    if settings.precision:
        network.precision = settings.precision
        name += f" in {settings.precision}"
    largest = max(TRAINED, network.least_batch)
    check_room(needed_bytes(network, largest), f"a training step on {largest} pictures")
    batches = [(TRAINING, largest), *((INFERENCE, batch) for batch in INFERRED)]
    return compared([(Case(name, mode, batch), network) for mode, batch in batches], settings)


tabulate = rival_tables.rivals
