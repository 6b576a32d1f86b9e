"""Where the commands' results go: what cannot be written, or must not be replaced, is told before the work.

An output replaces nothing that the same command reads, and no file but one of its kind that this program wrote.
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

STANDARD_OUTPUT = "-"  # of --json

_for_json: list[TextIO | None] = []  # standard output, while text goes to stderr


@dataclass(frozen=True)
class Output:
    """A file that a command will write: the option that names it or its folder, and what it will hold."""

    option: str
    path: Path
    kind: Kind
    makes_folder: bool = False  # whether the command makes its folder where there is none


def json_output(path: str | None) -> list[Output]:
    """What --json asks for; nothing where it goes to standard output."""
    return [] if path in (None, STANDARD_OUTPUT) else [Output("--json", Path(str(path)), RESULT)]


def _is_special(path: Path) -> bool:
    """A device or a pipe, which must not be replaced; /dev/stdout also where it leads to a file."""
    return path.exists() and (not path.is_file() or path.parts[:2] == ("/", "dev"))


def _is_same(one: Path, other: Path) -> bool:
    """Whether two names mean one file: through links, too, and where a system does not tell capitals apart."""
    if os.path.realpath(one).casefold() == os.path.realpath(other).casefold():
        return True
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # one of them is not there
        return False


def check_writable(path: Path, option: str, *, special: bool = True) -> None:
    """Raise unless a file can be written there; asked before hours of work, not after. special: or a device, a pipe."""
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
    """Raise unless files can be written in a folder, which need not exist yet."""
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
    """Refuse outputs that would destroy something; None among the inputs is one that was left out.

    Raises
    ------
    FastcnnError
        If a file cannot be written.
    UsageError
        If an output is also an input or another output, or is a file that this program did not write as that kind.
    """
    for output in outputs:
        if output.makes_folder:
            check_folder(output.path.parent, output.option)
        if output.path.parent.is_dir() or not output.makes_folder:
            check_writable(output.path, output.option, special=output.kind is RESULT)  # others go to files only
    read = [Path(path) for path in inputs if path is not None]
    for number, output in enumerate(outputs):
        option, path = output.option, output.path
        if _is_special(path):  # nothing is replaced
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
    """Within, what is printed goes to stderr if the JSON has standard output for itself."""
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
    """Write to a file, to standard output, or through a device or pipe; nothing where path is None."""
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
