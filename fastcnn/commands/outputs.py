"""The commands' output files. An error says before the work that a file cannot be written or must not be replaced.

An output never replaces a file that the same command reads. It replaces only a file of its kind that this program
wrote.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from fastcnn.errors import FastcnnError, UsageError
from fastcnn.ours import RESULT, Kind

STANDARD_OUTPUT = "-"  # value of --json

_for_json: list[TextIO | None] = []  # standard output, while texts go to stderr


@dataclass(frozen=True)
class Output:
    """A file that a command will write: its path, the option that names it or its folder, and its kind."""

    option: str
    path: Path
    kind: Kind
    makes_folder: bool = False  # whether the command makes a missing folder


def json_output(path: str | None) -> list[Output]:
    """The file that --json names; none for standard output."""
    return [] if path in (None, STANDARD_OUTPUT) else [Output("--json", Path(str(path)), RESULT)]


def _is_special(path: Path) -> bool:
    """Whether it is a device or a pipe, which must not be replaced. /dev/stdout is one even if it leads to a file."""
    return path.exists() and (not path.is_file() or path.parts[:2] == ("/", "dev"))


def _is_same(one: Path, other: Path) -> bool:
    """Whether two names mean the same file, also by links or where a system ignores upper and lower case."""
    if os.path.realpath(one).casefold() == os.path.realpath(other).casefold():
        return True
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # one of them does not exist
        return False


def check_writable(path: Path, option: str, *, special: bool = True) -> None:
    """FastcnnError unless a file can be written there. special: whether it may be a device or a pipe."""
    folder = path.parent
    if not folder.is_dir():
        raise FastcnnError(f"{option} {path}: the folder {folder} does not exist; create it or choose another")
    if path.is_dir():
        raise FastcnnError(f"{option} {path} is a folder; give the name of a file")
    if _is_special(path):
        if not special:
            raise FastcnnError(f"{option} {path} is a device or a pipe; give the name of a file")
        return
    _check_folder_writable(folder, path, option)
    if path.exists() and not os.access(path, os.W_OK):
        raise FastcnnError(f"{option} {path} cannot be written: Permission denied; choose another place")


def check_folder(folder: Path, option: str) -> None:
    """FastcnnError unless files can be written in a folder. The folder may not exist yet."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise FastcnnError(f"{option} {folder}: {existing} is no folder; choose another place")
    _check_folder_writable(existing, folder, option)


def _check_folder_writable(folder: Path, path: Path, option: str) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise FastcnnError(f"{option} {path} cannot be written: {error.strerror}; choose another place") from None


def check_outputs(outputs: Sequence[Output], inputs: Iterable[Path | str | None] = ()) -> None:
    """Raise an error for outputs that would destroy something. An input may be None if it was not given.

    Raises
    ------
    FastcnnError
        If a file cannot be written.
    UsageError
        If an output is also an input or another output, or is a file of another kind or of another program.
    """
    for output in outputs:
        if output.makes_folder:
            check_folder(output.path.parent, output.option)
        if output.path.parent.is_dir() or not output.makes_folder:
            check_writable(output.path, output.option, special=output.kind is RESULT)  # others go to files only
    read = [Path(path) for path in inputs if path is not None]
    for number, output in enumerate(outputs):
        option, path = output.option, output.path
        if _is_special(path):  # writing replaces nothing
            continue
        for other in outputs[:number]:
            if _is_same(path, other.path):
                raise UsageError(f"{option} {path} is where the {other.kind.name} is written; choose another file")
        if any(_is_same(path, each) for each in read):
            raise UsageError(f"{option} {path} is also read by this command; choose another file")
        if path.exists() and not output.kind.may_replace(path):
            raise UsageError(
                f"{option} {path} exists and is no {output.kind.name} that fastcnn wrote; choose another name"
            )


@contextlib.contextmanager
def text_beside(json_path: str | None) -> Iterator[None]:
    """Inside the context texts go to stderr if the JSON goes to standard output."""
    if json_path != STANDARD_OUTPUT:
        yield
        return
    _for_json.append(sys.stdout)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _for_json.pop()


def write_json(path: str | None, content: object) -> None:
    """Write JSON to a file, to standard output, or to a device or pipe. Nothing is written if path is None."""
    if path is None:
        return
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    if path == STANDARD_OUTPUT:
        stream = _for_json[-1] if _for_json else sys.stdout
        if stream is None:
            raise FastcnnError("--json - has nowhere to go: standard output is closed; give the name of a file")
        stream.write(text)
        stream.flush()
        return
    if _is_special(Path(path)):
        with open(path, "a") as file:
            file.write(text)
        return
    from fastcnn.storage import atomic_write

    atomic_write(path, text.encode())
