"""How a user's word for a network becomes a file. Imports nothing slow.

A user gives a path, the name of a bundled network, or the name of a file in the current folder without its suffix. If
the last two both exist, it is an error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fastcnn.digits import CLASSES, SIDE_PX
from fastcnn.errors import FastcnnError, UsageError
from fastcnn.zoo.networks import BUNDLED, DEFAULT

if TYPE_CHECKING:
    from fastcnn.network.committee import Network

WEIGHTS = Path(__file__).resolve().parent / "weights"
PREFIX = "bundled:"  # before a bundled network's name: that one, whatever lies in the current folder
SUFFIX = ".safetensors"
DEFAULT_MODEL = PREFIX + DEFAULT  # the network if a user names none


class UnknownModelError(UsageError, ValueError):
    """A name that means no network."""


class AmbiguousModelError(UsageError, ValueError):
    """A name that means two networks. The window never gives such a name."""


def bundled(name: str) -> str:
    """The name that means a bundled network and nothing else."""
    return PREFIX + name


def find_model(model: str | os.PathLike[str]) -> tuple[str, Path]:
    """The name and the file of a network.

    Parameters
    ----------
    model : the path of a weights file; a bundled network's name, with or without "bundled:" before it; or the name of
        a file in the current folder without ".safetensors"

    Raises
    ------
    UnknownModelError
        If it is none of these. A path is a text with a folder or a suffix, or the name of an existing file.
    AmbiguousModelError
        If it is the name of a bundled network and of a file.
    """
    name = os.fspath(model)
    if name.startswith(PREFIX) and name.removeprefix(PREFIX) in BUNDLED:
        name = name.removeprefix(PREFIX)
        return name, WEIGHTS / f"{name}{SUFFIX}"
    path = Path(name)
    if path.parent == Path() and not path.suffix:
        here = next((each for each in (path, Path(f"{name}{SUFFIX}")) if each.is_file()), None)
        if here is not None and name in BUNDLED:
            raise AmbiguousModelError(
                "{name} is a network in the package and the file {file} in this folder; say {bundled} or {path}",
                name=repr(name),
                file=here,
                bundled=bundled(name),
                path=f".{os.sep}{here}",
            )
        if name in BUNDLED:
            return name, WEIGHTS / f"{name}{SUFFIX}"
        if here is not None:
            return str(here), here
        if not name or not path.exists():  # an empty word would be this folder
            raise UnknownModelError(
                "there is no model {name}; give one of {known}, or the path of a weights file",
                name=repr(name),
                known=", ".join(BUNDLED),
            )
    return name, path


def load_classifier(model: str | os.PathLike[str]) -> Network:
    """Load a network or a committee by name or path. It must read 28 x 28 pictures and know ten digits.

    Raises
    ------
    FastcnnError
        If the file is missing or damaged, or its network has other inputs, outputs or names of classes.
    """
    from fastcnn.network.files import load_network

    _, path = find_model(model)
    network = load_network(path)
    check_reads_digits(network, str(path))
    return network


def check_reads_digits(network: Network, what: str) -> None:
    """FastcnnError, which names `what`, unless a network reads 28 x 28 pictures and gives the ten digits."""
    detail = why_no_digits(network)
    if detail:
        raise FastcnnError(
            "{path} holds a network from {detail}; give the weights of a digit network", path=what, detail=detail
        )


def why_no_digits(network: Network) -> str:
    """From what to what a network is, if not from 28 x 28 pictures to the ten digits; else ""."""
    from fastcnn.network.structure import default_classes

    if network.input_shape != (1, SIDE_PX, SIDE_PX) or network.output_shape != (CLASSES,):
        taken = f"{network.input_shape} to {network.output_shape}"
        return f"{taken}, but digits need (1, {SIDE_PX}, {SIDE_PX}) to ({CLASSES},)"
    if network.classes != default_classes(CLASSES):
        return f"pictures to other classes ({', '.join(name[:20] for name in network.classes[:3])}, …)"
    return ""
