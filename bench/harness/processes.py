"""Run programs in separate processes, and measure their time, output and peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastcnn.bench.harness.record import ROOT, in_checkout
from fastcnn.errors import FastcnnError

KEPT_LINES = 3  # lines of a program's stderr in the sentence that says why it failed
# Runs a fastcnn command and prints its largest resident memory in bytes. The process itself asks for it: the number
# that its parent gets includes the parent's size, from the moment before the child became another program.
PEAK = """
import sys
from fastcnn.__main__ import main
status = main(sys.argv[1:])
try:
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    print(1024 * int(line.split()[1]))
except OSError:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
sys.exit(status)
"""


@dataclass(frozen=True)
class Ended:
    """A program that has ended with status 0. elapsed_s: seconds from start to exit."""

    elapsed_s: float
    stdout: str
    stderr: str


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Programs that are started inside this context run on `count` cores, where the system allows to choose them."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])  # for this thread; children inherit it
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def environment(**changes: str) -> dict[str, str]:
    """This process's environment with `changes`, and without the settings of fastcnn for itself."""
    own = ("NUMBA_", "FASTCNN_", "OPENBLAS_", "OMP_", "GOMP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    cache = os.environ.get("NUMBA_CACHE_DIR")
    kept |= {"NUMBA_CACHE_DIR": cache} if cache else {}
    if in_checkout():
        kept["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return kept | changes


def run_program(command: Sequence[str], env: dict[str, str] | None = None, folder: Path | None = None) -> Ended:
    """Run a program in a folder (this one) to its end; FastcnnError with its last words where that is a failure."""
    env = environment() if env is None else env
    start = time.perf_counter()
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True)
    elapsed_s = time.perf_counter() - start
    if done.returncode != 0:
        last = " / ".join(done.stderr.strip().splitlines()[-KEPT_LINES:])
        name = "python" if command[0] == sys.executable else Path(command[0]).name
        raise FastcnnError(f"{name} {' '.join(command[1:4])} ... ended with status {done.returncode}: {last}")
    return Ended(elapsed_s, done.stdout, done.stderr)


def run_python(arguments: Sequence[str], env: dict[str, str] | None = None) -> Ended:
    """Run this Python with arguments; see `run_program`."""
    return run_program([sys.executable, *arguments], env)


def fastcnn_command(*arguments: str, env: dict[str, str] | None = None) -> tuple[Ended, Any]:
    """Run a fastcnn command that takes --json. Returns how it ended, and the JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        ended = run_python(["-m", "fastcnn", *arguments, "--json", str(path)], env)
        return ended, json.loads(path.read_text())


def peak_bytes(*arguments: str, env: dict[str, str] | None = None) -> int:
    """The largest resident memory of a fastcnn command."""
    return int(run_python(["-c", PEAK, *arguments], env).stdout.split()[-1])
