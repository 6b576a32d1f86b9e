"""Read a file that the user has chosen, which may be anything."""

from __future__ import annotations

from pathlib import Path

from fastcnn.errors import FastcnnError, Sentence


def read_chosen(path: Path, most: int) -> bytes:
    """The first `most` + 1 bytes, so that a file with more is known; FastcnnError if it cannot be read."""
    try:
        if not path.is_dir() and path.exists() and not path.is_file():  # a pipe may give nothing, and for ever
            raise OSError(0, Sentence("it is not an ordinary file"))
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise FastcnnError("cannot read {path} ({reason}); choose another file", path=path, reason=error) from None
