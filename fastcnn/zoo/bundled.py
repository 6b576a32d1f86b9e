"""How a user's word for a network becomes a file. Imports nothing slow.

A word is a path, a bundled network's name, or the name of a file in the current folder without its suffix. Where it
could be either of the last two, neither is taken in silence.
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
DEFAULT_MODEL = PREFIX + DEFAULT  # what is taken where nobody says a word


class UnknownModelError(UsageError, ValueError):
    """A word that means no network."""


class AmbiguousModelError(UsageError, ValueError):
    """A word that means two; the window never says one."""


def bundled(name: str) -> str:
    """The word that means a bundled network and nothing else."""
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
        If it is none of these; a path has a folder or a suffix, or the file exists.
    AmbiguousModelError
        If it is both a bundled network's name and a file's.
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
                f"{name!r} is a network in the package and the file {here} in this folder; "
                f"say {bundled(name)} or .{os.sep}{here}"
            )
        if name in BUNDLED:
            return name, WEIGHTS / f"{name}{SUFFIX}"
        if here is not None:
            return str(here), here
        if not name or not path.exists():  # an empty word would be this folder
            known = ", ".join(BUNDLED)
            raise UnknownModelError(f"there is no model {name!r}; give one of {known}, or the path of a weights file")
    return name, path


def load_classifier(model: str | os.PathLike[str]) -> Network:
    """Load a network or a committee that takes 28 x 28 pictures and knows ten digits, by name or path.

    Raises
    ------
    FastcnnError
        If the file is missing or damaged, or its network takes or gives something else, or names other classes.
    """
    from fastcnn.network.files import load_network

    _, path = find_model(model)
    network = load_network(path)
    check_reads_digits(network, str(path))
    return network


def check_reads_digits(network: Network, what: str) -> None:
    """FastcnnError, which names what holds it, unless a network takes 28 x 28 pictures to the ten digits."""
    from fastcnn.network.structure import default_classes

    if network.input_shape != (1, SIDE_PX, SIDE_PX) or network.output_shape != (CLASSES,):
        raise FastcnnError(
            f"{what} holds a network from {network.input_shape} to {network.output_shape}, but digits need "
            f"(1, {SIDE_PX}, {SIDE_PX}) to ({CLASSES},); give the weights of a digit network"
        )
    if network.classes != default_classes(CLASSES):
        named = ", ".join(name[:20] for name in network.classes[:3])
        raise FastcnnError(
            f"{what} holds a network from pictures to other classes ({named}, …); give the weights of a digit network"
        )
