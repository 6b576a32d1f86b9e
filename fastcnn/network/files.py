"""Read networks and committees from safetensors files. Their method `save` writes these files.

A network's file holds its parameters and buffers in the users' order. Its metadata hold its description (JSON) and a
SHA-256 of everything, so that a changed bit is detected. Nothing in a file is executed: a table gives the classes for
the layer names. A committee's file holds the same for each member; the names begin with "0/", "1/" and so on.
"""

import json
from typing import Any

from fastcnn.arrays import Array
from fastcnn.checks import check_path, check_positive
from fastcnn.errors import FastcnnError
from fastcnn.network.committee import COMMITTEE_FORMAT, MEMBERS, Committee, Network
from fastcnn.network.sequential import FORMAT, Sequential
from fastcnn.network.structure import check_arrays, check_dtype, declare, layers_from_description
from fastcnn.storage import Path, _short, read_arrays


def load_network(path: Path) -> Network:
    """Read a network or committee from a file that `save` wrote.

    Raises
    ------
    FastcnnError
        If the file cannot be read, or is not a complete and unchanged network; one sentence says why.
    """
    check_path("path", path)
    arrays, metadata = read_arrays(path)
    if metadata.get("format") not in (FORMAT, COMMITTEE_FORMAT) or "description" not in metadata:
        raise FastcnnError(
            "{path} holds no network: its metadata is not of the format {detail}", path=path, detail=repr(FORMAT)
        )
    try:
        description = json.loads(metadata["description"])
        if metadata["format"] == COMMITTEE_FORMAT:
            network: Network = _committee(description, json.loads(metadata.get("temperatures", "null")), arrays)
        else:
            network = _network(description, arrays)
        network.temperature = check_positive("temperature", float(metadata.get("temperature", "1")))
    except RecursionError:
        raise FastcnnError("{path} holds no network: its description is nested too deeply", path=path) from None
    except (TypeError, ValueError) as error:
        raise FastcnnError(
            "{path} holds no network that fastcnn knows: {detail}", path=path, detail=_short(error)
        ) from error
    return network


def _network(description: Any, arrays: dict[str, Array]) -> Sequential:
    # Memory for the network is allocated only after a check that the arrays have the sizes in the description.
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
