"""The networks that were trained in the window, each in a file of its own that the user can name."""

from __future__ import annotations

import itertools
from pathlib import Path

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.folders import data_folder, move_epochs

SUFFIX = ".safetensors"
CHECKPOINT = ".checkpoint"  # in the name of a file that is no finished network
LONGEST_NAME = 60


def own_networks() -> Path:
    """The folder for networks that were trained in the window."""
    return data_folder()


def shelved() -> list[Path]:
    """The files of all networks in the folder, in the order of their names."""
    return sorted(path for path in own_networks().glob(f"*{SUFFIX}") if CHECKPOINT not in path.name)


def short_name(model: str) -> str:
    """A name for a list: that of a bundled network, or the file's without folder and suffix."""
    return Path(model).name.removesuffix(SUFFIX)


def unused(path: Path) -> Path:
    """The path, or the first one with a number that does not exist yet, so that older networks are kept."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in itertools.count(2))
    return next(each for each in itertools.chain([path], numbered) if not each.exists())


def rename(path: Path, name: str) -> Path:
    """Give a network's file another name. Returns its new path.

    Raises
    ------
    FastcnnError
        If the name cannot be that of a file, or another network has it.
    """
    from fastcnn.zoo.networks import BUNDLED

    name = name.strip().removesuffix(SUFFIX)
    wrong = not name or len(name) > LONGEST_NAME or name.startswith(".") or CHECKPOINT in name or name in BUNDLED
    if wrong or any(not sign.isprintable() or sign in '/\\:*?"<>|' for sign in name):
        raise FastcnnError("“{name}” cannot be a network’s name; choose another one", name=name[:LONGEST_NAME])
    target = path.with_name(f"{name}{SUFFIX}")
    if target == path:
        return path
    if target.exists():
        raise FastcnnError("there is a network “{name}” already; choose another name, or “Replace”", name=name)
    path.rename(target)
    move_epochs(path, target)
    return target


def replace(path: Path, other: Path) -> Path:
    """Put a network in the place of another one, which is deleted. Returns its new path."""
    path.replace(other)
    move_epochs(path, other)
    return other
