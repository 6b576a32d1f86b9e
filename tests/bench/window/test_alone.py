"""A program runs as on a system without Python."""

import subprocess
import sys

from fastcnn.bench.window.alone import without_python


def test_what_runs_alone_finds_no_python_and_no_module_of_it():
    words = without_python()
    if not words:  # this system lets nobody hide files, and says so
        assert subprocess.run(["unshare", "--mount", "--map-root-user", "true"], capture_output=True).returncode != 0
        return
    assert subprocess.run([*words, "true"]).returncode == 0
    for command in ([sys.executable, "-c", ""], ["sh", "-c", "python3 -c ''"], ["test", "-s", subprocess.__file__]):
        assert subprocess.run([*words, *command], capture_output=True).returncode != 0, command
    assert subprocess.run([sys.executable, "-c", ""]).returncode == 0  # outside all is as before
