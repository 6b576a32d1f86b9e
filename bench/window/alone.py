"""Run programs as on a copy of this system without Python, on a screen that nobody sees. Linux only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# In a mount namespace of its own: lays an empty folder or file over each path, then becomes the program after "--".
HIDE = """
set -e
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mount -t tmpfs none "$1"; else mount --bind /dev/null "$1"; fi
  shift
done
shift
exec "$@"
"""
FOLDERS = ("stdlib", "platstdlib", "purelib", "platlib")  # in sysconfig's words
PLACES = (Path("/usr"), Path("/usr/local"))  # of the system's own Pythons
SCREEN = "1600x1200x24"


def _pythons() -> list[str]:
    """The folders and files of all Pythons that a program could find."""
    folders = {Path(sysconfig.get_path(name)) for name in FOLDERS}
    folders |= {path for place in PLACES for path in place.glob("lib/python3*")}
    programs = {Path(each) for each in os.environ.get("PATH", "").split(os.pathsep) if each}
    programs |= {place / "bin" for place in PLACES} | {Path(sys.executable).parent}
    files = {path for folder in programs for path in folder.glob("python*")}
    libraries = {Path(sysconfig.get_config_var("LIBDIR") or "/usr/lib"), *(place / "lib" for place in PLACES)}
    files |= {path for folder in libraries for path in (*folder.glob("libpython*"), *folder.glob("*/libpython*"))}
    found = {path.resolve() for path in folders if path.is_dir()} | {path.resolve() for path in files if path.is_file()}
    return sorted(str(path) for path in found if not found.intersection(path.parents))


def without_python() -> list[str]:
    """The words before a command that hide every Python of this system from it; none where the system refuses that."""
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c", HIDE, "sh", *_pythons(), "--"]
    try:
        hidden = subprocess.run([*words, "true"], capture_output=True).returncode == 0
        found = subprocess.run([*words, sys.executable, "-c", ""], capture_output=True).returncode == 0
    except FileNotFoundError:
        return []
    return words if hidden and not found else []


@contextmanager
def screen() -> Iterator[dict[str, str]]:
    """The variables with which a program shows its window: on a screen of Xvfb, or where that is missing on none."""
    if shutil.which("Xvfb") is None:
        yield {"QT_QPA_PLATFORM": "offscreen"}
        return
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", SCREEN, "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        with os.fdopen(read) as told:
            number = told.readline().strip()
        try:
            yield {"DISPLAY": f":{number}"}
        finally:
            server.terminate()
