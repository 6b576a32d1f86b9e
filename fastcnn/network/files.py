"""Files that survive a kill while they are written, and networks in safetensors files.

A network's file holds its parameters and buffers as everyone sees them; in the metadata are its description (JSON)
and a SHA-256 of everything, so that a flipped bit is noticed. Nothing in a file is ever executed: the description's
layer names go through a fixed table. A committee's file holds the same of each member, "0/" and so on before its names.
"""

import json
import os
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_path, check_positive
from fastcnn.errors import FastcnnError
from fastcnn.layers.kinds import check_registered
from fastcnn.network.committee import MEMBERS, Committee, Network
from fastcnn.network.sequential import Sequential
from fastcnn.network.structure import check_arrays, check_dtype, declare, layers_from_description
from fastcnn.storage import Path, _short, read_arrays, write_arrays

FORMAT = "fastcnn network 1"
COMMITTEE_FORMAT = "fastcnn committee 1"


def save_network(network: Network, path: Path) -> None:
    """Write a network or a committee, atomically, to a safetensors file.

    Raises
    ------
    FastcnnError
        If it cannot be written or a value is not finite; the old file is as it was.
    TypeError, ValueError
        If a layer of yours could not be read again: its class is not registered, or its options are not JSON's.
    """
    check_path("path", path)
    _check_readable(network)
    if isinstance(network, Committee):
        members = network.members
        arrays = {
            f"{number}/{name}": array for number, m in enumerate(members) for name, array in m.state_arrays().items()
        }
        description: dict[str, Any] = {"name": network.name, "members": [member.describe() for member in members]}
        metadata = {
            "format": COMMITTEE_FORMAT,
            "description": json.dumps(description),
            "temperatures": json.dumps([float(member.temperature) for member in members]),
        }
    else:
        arrays, metadata = network.state_arrays(), {"format": FORMAT, "description": json.dumps(network.describe())}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise FastcnnError(f"the network is not saved because {name} holds values that are not finite")
    if network.temperature != 1:
        metadata["temperature"] = repr(float(network.temperature))
    write_arrays(path, arrays, metadata)


def load_network(path: Path) -> Network:
    """Read a network or a committee that `save_network` wrote.

    Raises
    ------
    FastcnnError
        If the file cannot be read or is not, whole and unchanged, such a network; one sentence says why.
    """
    check_path("path", path)
    arrays, metadata = read_arrays(path)
    if metadata.get("format") not in (FORMAT, COMMITTEE_FORMAT) or "description" not in metadata:
        raise FastcnnError(f"{os.fspath(path)} holds no network: its metadata is not of the format {FORMAT!r}")
    try:
        description = json.loads(metadata["description"])
        if metadata["format"] == COMMITTEE_FORMAT:
            network: Network = _committee(description, json.loads(metadata.get("temperatures", "null")), arrays)
        else:
            network = _network(description, arrays)
        network.temperature = check_positive("temperature", float(metadata.get("temperature", "1")))
    except RecursionError:
        raise FastcnnError(f"{os.fspath(path)} holds no network: its description is nested too deeply") from None
    except (TypeError, ValueError) as error:
        raise FastcnnError(f"{os.fspath(path)} holds no network that fastcnn knows: {_short(error)}") from error
    return network


def _check_readable(network: Network) -> None:
    """TypeError or ValueError unless a file's description of the layers gives the same layers again."""
    for member in network.members if isinstance(network, Committee) else (network,):
        check_registered(member.layers)
        description = json.loads(json.dumps(member.describe()))
        _, _, declared = declare(layers_from_description(description), description["input_shape"])
        if declared != member.declared:
            raise ValueError("a file would give layers with other parameters; see OPTIONS of your own layers")


def _network(description: Any, arrays: dict[str, Array]) -> Sequential:
    # Nothing of the size that the description asks for is allocated before the arrays are known to have that size.
    _, _, declared = declare(layers_from_description(description), description["input_shape"])
    check_arrays(arrays, declared, check_dtype(description["dtype"]))
    network = Sequential.from_description(description)
    network.load_state_arrays(arrays)
    return network


def _committee(description: Any, temperatures: Any, arrays: dict[str, Array]) -> Committee:
    if not isinstance(description, dict) or set(description) != {"name", "members"}:
        raise ValueError("a committee's description must have name and members")
    described = description["members"]
    if not isinstance(described, list) or not isinstance(temperatures, list) or len(described) != len(temperatures):
        raise ValueError("a committee's members and their temperatures must be lists of one length")
    if not MEMBERS[0] <= len(described) <= MEMBERS[1]:
        raise ValueError(f"a committee has {MEMBERS[0]} to {MEMBERS[1]} members, not {len(described)}")
    parts: list[dict[str, Array]] = [{} for _ in described]
    for name, array in arrays.items():
        number, _, own_name = name.partition("/")
        if number not in map(str, range(len(parts))):
            raise ValueError(f"the array {name!r:.60} belongs to no member")
        parts[int(number)][own_name] = array
    members = [_network(each, part) for each, part in zip(described, parts, strict=True)]
    for member, temperature in zip(members, temperatures, strict=True):
        member.temperature = check_positive("temperature", temperature)
    return Committee(members, name=description["name"])
