"""The rows that a long benchmark has measured, in a file, so that a run that was interrupted can go on.

The file is replaced after each row and lies next to the benchmark's record. It goes when the record is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastcnn.errors import UsageError
from fastcnn.storage import atomic_write


def part_of(folder: Path, name: str) -> Path:
    """The file of a benchmark's rows. It is no record, so it does not end with .json."""
    return folder / f"{name}.part"


class Kept:
    """Rows by name. Without a path nothing is kept.

    Parameters
    ----------
    path : the file
    benchmark : the name of the benchmark
    conditions : what the numbers depend on; JSON can hold it
    resume : whether to use the rows that are there

    Raises
    ------
    UsageError
        If the rows that are there were measured under other conditions.
    """

    def __init__(
        self, path: Path | None = None, benchmark: str = "", conditions: Any = None, *, resume: bool = False
    ) -> None:
        self._path, self._rows = path, dict[str, Any]()
        self._head = {"benchmark": benchmark, "conditions": conditions}
        if resume and path is not None and path.is_file():
            found = json.loads(path.read_bytes())
            if any(found.get(key) != value for key, value in self._head.items()):
                raise UsageError(
                    "{path} was measured with other code, versions or options; leave out --resume", path=path
                )
            self._rows = found["rows"]
        self.resumed = len(self._rows)

    def row(self, name: str, measure: Callable[[], Any]) -> Any:
        """The row of this name if it is there, else what `measure` gives, which is kept."""
        if name not in self._rows:
            self._rows[name] = measure()
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                atomic_write(self._path, json.dumps(self._head | {"rows": self._rows}, allow_nan=False).encode())
        return self._rows[name]

    def end(self) -> None:
        """All rows are in the benchmark's record now."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
