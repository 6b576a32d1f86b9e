"""`python -m bench frozen`: programs that PyInstaller makes from the installed fastcnn, without any source.

A script of three lines becomes a folder (`onedir`) and a single file (`onefile`), without options. Symbols are removed
from the folder. Each is started with an empty home folder, no other variable, and where the system allows it on a copy
of the system without Python. It reads a digit, keeps its kernels for the second start, shows its window, reads a digit
that is drawn there, and prints a lesson's worksheet. It contains the notice of the GPL. A failure is an error. With
`--quick` only the folder is made, because compressing the single file takes a minute.

The folder takes 375 MB: LLVM 160, Qt with its Unicode tables 70, NumPy with OpenBLAS 40, Python 35, Pillow 20, MNIST
and the networks 18. All are in use, so that the aim of 250 MB cannot be reached.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from fastcnn.bench.harness.processes import Ended, run_program
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown
from fastcnn.bench.window.alone import screen, without_python
from fastcnn.bench.window.latency import START
from fastcnn.errors import FastcnnError

KINDS = ("onedir", "onefile")
# With -c it runs a text like Python does. PyInstaller cannot see the imports in it, as in the commands of fastcnn.
SCRIPT = """import sys
from fastcnn.__main__ import main
sys.exit(exec(sys.argv[2]) if sys.argv[1:2] == ["-c"] else main())
"""
INSTALLED = "import pathlib, fastcnn; assert pathlib.Path(fastcnn.__file__).with_name('kernels').is_dir()"
PICTURE = """
from PIL import Image
from fastcnn import load_mnist
_, (pictures, labels) = load_mnist(normalize=False)
assert labels[0] == 7
Image.fromarray(pictures[0, 0]).save(sys.argv[-1])
"""
NOTICES = """
import pathlib, fastcnn.gui
folder = pathlib.Path(fastcnn.gui.__file__).parent
print("GNU General Public" in (folder / "NOTICE").read_text(), "Version 3" in (folder / "GPL-3.0").read_text())
"""
# Draws a line in the window by keys, and prints Qt's platform and what the window reads.
READ = """
from PyQt5.QtCore import QEvent, Qt, QTimer
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QApplication
from fastcnn.gui import create_window
application = QApplication(["fastcnn"])
window = create_window()
window.show()
def look():
    if window.resultLabel.text() and window.program.answers.idle:
        print(application.platformName(), window.resultLabel.text())
        window.close()
    elif window.networkInfoLabel.text() and window.canvas.is_blank:
        window.modeCombo.setCurrentIndex(1)
        for key in (Qt.Key_Space, *[Qt.Key_Down] * 14, Qt.Key_Space):
            QApplication.sendEvent(window.canvas, QKeyEvent(QEvent.KeyPress, key, Qt.NoModifier))
timer = QTimer()
timer.timeout.connect(look)
timer.start(10)
application.exec()
"""
# Goes through a lesson's first step on its page, and prints its worksheet.
LESSON = """
import pathlib
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication
from fastcnn.gui import create_window
from fastcnn.gui.logic.engine import test_pictures
from fastcnn.gui.logic.lesson.files import shipped
from fastcnn.gui.widgets.lesson.worksheet import write_worksheet
application = QApplication(["fastcnn"])
window = create_window()
window.show()
pages = window.program.pages
def look():
    if not window.networkInfoLabel.text():
        return
    window.tabs.setCurrentWidget(pages.lesson)
    room = pages.classroom
    if room.guide.lesson is None:
        room.guide.start(shipped()[0])
    elif room.teacher.shown is not None and pages.teaching.idle:
        path = pathlib.Path(sys.argv[-1])
        write_worksheet(path, room.guide.lesson, "zh_CN", test_pictures()[0], room.teacher.shown)
        print(path.read_bytes()[:5].decode())
        window.close()
timer = QTimer()
timer.timeout.connect(look)
timer.start(10)
application.exec()
"""
# Files with symbols that nothing reads, of the program in a folder. Those that auditwheel has changed would break.
WITH_SYMBOLS = ("llvmlite/binding/*.so", "libpython3*", "python3*/lib-dynload/*.so", "PyQt5/*.so", "libQt5*")
COMPILING = "compiling the kernels"  # the words of the cache's message
OURS = ("XDG_", "NUMBA_", "FASTCNN_", "PYTHON")  # variables that the program must not need


def _environment(home: Path) -> dict[str, str]:
    """For making a program."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return kept | {"HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}


def _require(met: bool, what: str, ended: Ended) -> None:
    if not met:
        raise FastcnnError(f"the frozen program {what}; it said: {' / '.join(ended.stderr.split(chr(10))[-3:])[:100]}")


def _require_installed(env: dict[str, str], folder: Path) -> None:
    try:
        run_program([sys.executable, "-c", INSTALLED], env, folder)
    except FastcnnError:
        raise FastcnnError('PyInstaller packs what is installed, not a checkout; run pip install ".[gui]"') from None


def _strip(folder: Path, env: dict[str, str]) -> None:
    """Remove symbols where the system has binutils. PyInstaller's --strip breaks NumPy's libraries."""
    files = [path for pattern in WITH_SYMBOLS for path in folder.glob(pattern) if not path.is_symlink()]
    if files and shutil.which("strip"):
        run_program(["strip", *map(str, files)], env, folder)


def _measure(kind: str, folder: Path) -> dict[str, Any]:
    """Make a program of a kind in an empty folder, and start it eight times."""
    home, picture, answer = folder / "home", folder / "seven.png", folder / "answer.json"
    home.mkdir()
    (folder / "app.py").write_text(SCRIPT)
    making = _environment(home)
    _require_installed(making, folder)
    build = [sys.executable, "-m", "PyInstaller", f"--{kind}", "--log-level", "ERROR", "app.py"]
    built = run_program(build, making, folder)
    made = folder / "dist"
    if kind == "onedir":
        _strip(made / "app" / "_internal", making)
    hiding = without_python()
    program = [*hiding, str(made / "app" / "app" if kind == "onedir" else made / "app")]
    env = {"HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    run_program([*program, "-c", PICTURE, str(picture)], env, folder)

    starts = []
    for _ in range(2):
        starts.append(run_program([*program, "predict", str(picture), "--json", str(answer)], env, folder))
        (found,) = json.loads(answer.read_text())
        _require(found["digit"] == 7, f"read {found['digit']} for a 7", starts[-1])
    cold, warm = starts
    _require(COMPILING in cold.stderr, "compiled nothing at its first start", cold)
    _require(COMPILING not in warm.stderr, "compiled again at its second start", warm)
    _require(warm.elapsed_s < cold.elapsed_s, "started no faster the second time", warm)
    info = run_program([*program, "info", "--json", str(answer)], env, folder)
    state = json.loads(answer.read_text())["kernel_cache"]
    _require(state.startswith("on ("), f"says that its kernel cache is {state}", info)
    notices = run_program([*program, "-c", NOTICES], env, folder)
    _require(notices.stdout.split() == ["True", "True"], "lacks the notice of the GPL", notices)

    with screen() as display:
        shown = run_program([*program, "-c", START, str(time.monotonic())], {"HOME": str(home), **display}, folder)
        window_s, ready_s = map(float, shown.stdout.split()[-2:])
        drawn = run_program([*program, "-c", READ], {"HOME": str(home), **display}, folder)
        sheet = str(folder / "sheet.pdf")
        lesson = run_program([*program, "-c", LESSON, sheet], {"HOME": str(home), **display}, folder)
    platform, digit = drawn.stdout.split()[-2:]
    _require(digit == "1", f"read {digit} for a line in its window", drawn)
    _require(lesson.stdout.split()[-1:] == ["%PDF-"], "printed no worksheet", lesson)
    files = [path for path in made.rglob("*") if path.is_file() and not path.is_symlink()]
    return {
        "kind": kind,
        "build_s": built.elapsed_s,
        "bytes": sum(path.stat().st_size for path in files),
        "cold_s": cold.elapsed_s,
        "warm_s": warm.elapsed_s,
        "window_s": window_s,
        "ready_s": ready_s,
        "kernel_cache": state,
        "python_hidden": bool(hiding),
        "platform": platform,
    }


def run(settings: Settings) -> dict[str, Any]:
    """A row for each kind; FastcnnError if a program does not do all that it should."""
    if importlib.util.find_spec("PyInstaller") is None:
        raise FastcnnError('PyInstaller is missing; install the extra: pip install ".[bench]"')
    rows = []
    for kind in KINDS[:1] if settings.quick else KINDS:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(_measure(kind, Path(folder)))
    found = {"rows": rows}
    settings.say(tabulate(found))
    return found


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = [
        (
            row["kind"], f"{row['build_s']:.0f} s", f"{row['bytes'] / 1e6:.0f} MB",
            *(f"{row[name]:.1f} s" for name in ("cold_s", "warm_s", "window_s", "ready_s")),
            "hidden" if row["python_hidden"] else "there", row["platform"],
        )
        for row in result["rows"]
    ]  # fmt: skip
    header = (
        "program", "made in", "size", "`predict`, first start", "second start", "window shown", "network ready",
        "the system's Python", "screen",
    )  # fmt: skip
    return markdown.table(header, rows)
