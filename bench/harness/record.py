"""The record of a benchmark in a JSON file: its numbers with machine, load, versions, commit and date."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastcnn.commands.info import collect, version_of
from fastcnn.errors import FastcnnError
from fastcnn.storage import atomic_write

ROOT = Path(__file__).resolve().parent.parent.parent
FACTS = (
    "fastcnn", "python", "numpy", "numba", "llvmlite", "processor", "physical_cores", "cpu_name", "cpu_features",
    "vector_bytes", "threading_layer",
)  # fmt: skip
Record = dict[str, Any]


def in_checkout() -> bool:
    """Whether this is the source tree and not an installed wheel."""
    return (ROOT / "pyproject.toml").is_file() and (ROOT / "bench").is_dir()


def results_folder() -> Path:
    """bench/results of a checkout; for an installed wheel bench-results in the current folder."""
    return ROOT / "bench" / "results" if in_checkout() else Path("bench-results")


def _git(*arguments: str) -> str:
    try:
        found = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()


def commit() -> str:
    """The measured commit, with "+" if sources differ from it; "" outside a git checkout."""
    head = _git("rev-parse", "--short=12", "HEAD") if in_checkout() else ""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "*.py") if head else ""
    return head + ("+" if changed else "")


def machine() -> Record:
    """Hardware and versions, and nothing about a user's folders."""
    facts = collect()
    return {name: facts[name] for name in FACTS if name in facts} | {
        "cpus": os.cpu_count(),
        "system": platform.system(),
        "torch": version_of("torch"),
        "commit": commit(),
    }


def load() -> float:
    """The mean number of processes that were ready to run in the last minute; -1 if the system does not know it."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else -1.0


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def write(folder: Path, name: str, record: Record) -> Path:
    """Keep a record as folder/name.json."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    atomic_write(path, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())
    return path


def read(folder: Path) -> dict[str, Record]:
    """All records of a folder by name; none if there is no folder. FastcnnError for a file that is no record."""
    return {path.stem: _read(path) for path in sorted(folder.glob("*.json"))}


def _read(path: Path) -> Record:
    with contextlib.suppress(ValueError):
        found = json.loads(path.read_bytes())
        if isinstance(found, dict) and "result" in found:
            return found
    raise FastcnnError(f"{path} is no record of a benchmark; remove it, or measure again")
