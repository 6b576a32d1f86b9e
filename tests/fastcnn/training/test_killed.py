"""A residual network that was killed in its second epoch goes on to the bits of a whole training, on any threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from fastcnn.training.checkpoint import load_checkpoint
from tests.test_threads import CLEAN, PROGRAMS

COUNTS = ("1", "2", "4")
PROGRAM = PROGRAMS / "killed_training.py"


def killed(threads, path):
    """Train with so many threads up to the middle of the second epoch, and kill it there."""
    environment = {**os.environ, "PYTHONPATH": str(PROGRAMS.parent.parent)}
    environment = {name: value for name, value in {**environment, **CLEAN}.items() if value is not None}
    command = [sys.executable, PROGRAM, f"stop:{threads}:{path}"]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        said = child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read()
    assert (said, rest, child.returncode) == ("in the second epoch\n", "", -signal.SIGKILL)
    assert load_checkpoint(path).epoch == 1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no kill -9")
def test_a_killed_residual_network_resumes_to_the_same_bits_on_1_2_and_4_threads(run_python, tmp_path):
    paths = {count: tmp_path / count for count in COUNTS}
    for count, path in paths.items():
        killed(count, path)
    resumed = run_python(PROGRAM, *(f"{count}:{path}" for count, path in paths.items()), env=CLEAN, timeout_s=300)
    whole = run_python(PROGRAM, *COUNTS, env=CLEAN, timeout_s=300)
    hashes = [*whole.stdout.split(), *resumed.stdout.split()]
    assert len(hashes) == 6 and len(set(hashes)) == 1, hashes
