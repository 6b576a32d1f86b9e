"""Check that what a user chose fits into the memory before it is made: Linux kills a process that takes too much."""

from __future__ import annotations

from fastcnn.data.room import KEPT_BYTES, free_bytes
from fastcnn.errors import FastcnnError


def check_room(nbytes: int, what: str) -> None:
    """FastcnnError, which names `what`, if so many bytes are not free."""
    free = free_bytes()
    if free is not None and nbytes > free - KEPT_BYTES:
        raise FastcnnError(
            "{what} needs about {size} GB of memory, more than is free; choose smaller numbers",
            what=what, size=f"{nbytes / 1e9:.3g}",
        )  # fmt: skip
