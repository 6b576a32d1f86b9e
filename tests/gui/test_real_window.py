"""The real program in a real window, under Xvfb: xdotool draws a 7 with the mouse, and the window reads it."""

from __future__ import annotations

import itertools
import json
import math
import os
import shutil
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT
from tests.gui.mouse import SEVEN

TIMEOUT_S = 60
SCREEN = "2700x1600x24"

missing = [name for name in ("Xvfb", "xdotool") if not shutil.which(name)]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"needs {' and '.join(missing)}")


@pytest.fixture(scope="module")
def display():
    """A screen that nobody sees."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", SCREEN, "-dpi", "96", "-nolisten", "tcp"],
        pass_fds=[write], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    assert number, "Xvfb did not start"
    yield f":{number}"
    server.terminate()
    server.wait()


def nothing_cut_off(state):
    """It may take a turn of the loop: a row becomes a column after its size is known."""
    return state["cut_off"] == []


class Screen:
    """The program on a display, seen by what it tells and moved by xdotool."""

    def __init__(self, display, folder, **env):
        self.path = folder / "state.json"
        self.env = {**os.environ, "DISPLAY": display, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "xcb", **env}
        program = ROOT / "tests" / "programs" / "real_window.py"
        self.process = subprocess.Popen([sys.executable, str(program), str(self.path)], env=self.env)
        self.wait(lambda state: state["ready"])
        self.window = self.xdotool("search", "--sync", "--onlyvisible", "--name", "Handwritten|手写").split()[-1]
        self.xdotool("windowfocus", "--sync", self.window)

    def xdotool(self, *arguments):
        done = subprocess.run(
            ["xdotool", *map(str, arguments)], env=self.env, capture_output=True, text=True, timeout=TIMEOUT_S
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def state(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {"ready": False}

    def wait(self, condition):
        end_s = time.monotonic() + TIMEOUT_S
        while not condition(state := self.state()):
            assert time.monotonic() < end_s, state
            assert self.process.poll() is None, "the program ended"
            time.sleep(0.05)
        return self.state()

    def press(self, name):
        x, y, width, height = self.state()["places"][name]
        self.xdotool("mousemove", x + width // 2, y + height // 2, "click", 1)

    def draw(self, shares):
        x, y, width, height = self.state()["places"]["canvas"]
        side = min(width, height)
        left, top = x + (width - side) // 2, y + (height - side) // 2
        points = [(left + round(a * side), top + round(b * side)) for a, b in shares]
        self.xdotool("mousemove", *points[0], "mousedown", 1)
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            for step in range(1, 6):
                self.xdotool("mousemove", x0 + (x1 - x0) * step // 5, y0 + (y1 - y0) * step // 5)
        self.xdotool("mouseup", 1)

    def close(self):
        self.xdotool("key", "ctrl+q")
        assert self.process.wait(TIMEOUT_S) == 0


@pytest.fixture
def start(display, folders, monkeypatch):
    screens = []
    settings = folders / "config" / "fastcnn"
    settings.mkdir(parents=True)
    (settings / "window.json").write_text('{"language": "en"}')

    def begin(**env):
        screens.append(Screen(display, folders, **env))
        return screens[-1]

    yield begin
    for screen in screens:
        if screen.process.poll() is None:
            screen.process.kill()
            screen.process.wait()


@pytest.mark.slow
def test_a_seven_is_drawn_and_read_then_mnist_then_chinese_then_a_small_window(start):
    screen = start()
    screen.xdotool("key", "ctrl+m")
    screen.wait(lambda state: state["mode"] == 1)
    screen.draw(SEVEN)
    screen.press("recognizeButton")
    screen.wait(lambda state: state["result"] == "7")  # answers to the unfinished stroke come before

    screen.xdotool("key", "ctrl+m")
    screen.wait(lambda state: state["mode"] == 0)
    screen.press("drawButton")
    screen.press("recognizeButton")
    state = screen.wait(lambda state: state["mode"] == 0 and state["truth"])
    assert state["result"] in "0123456789" and state["result"] != ""
    assert state["confidence"].endswith("%")

    for key in ("F10", "v", "l", "Down"):  # the menu's button has it all; a bar of menus is shown by desktops only
        screen.xdotool("key", key)
    screen.xdotool("key", "Return")
    state = screen.wait(lambda state: state["title"] == "手写数字识别")
    assert state["result"] in "0123456789"

    screen.xdotool("windowsize", screen.window, 800, 600)
    screen.wait(lambda state: state["size"] == [800, 600] and nothing_cut_off(state))
    for page in range(1, 9):
        screen.xdotool("key", f"ctrl+{page}")
        time.sleep(0.4)
        screen.wait(nothing_cut_off)
    assert screen.state()["size"] == [800, 600]
    screen.close()


@pytest.mark.slow
def test_a_burst_of_moves_loses_no_point(start):
    screen = start()
    screen.xdotool("key", "ctrl+m")
    screen.wait(lambda state: state["mode"] == 1)
    x, y, width, height = screen.state()["places"]["canvas"]
    around = [math.tau * step / 120 for step in range(121)]
    circle = [(x + width / 2 + 90 * math.cos(each), y + height / 2 + 90 * math.sin(each)) for each in around]
    moves = [word for a, b in circle for word in ("mousemove", round(a), round(b))]
    screen.xdotool(*moves[:3], "mousedown", 1, *moves[3:], "mouseup", 1)  # all at once
    state = screen.wait(lambda state: state["points"])
    assert state["points"][0] >= 110  # some places lie on the same pixel
    screen.wait(lambda state: state["result"] == "0")
    screen.close()


@pytest.mark.slow
def test_a_large_window_at_scale_two(start):
    screen = start(QT_SCALE_FACTOR="2")
    screen.xdotool("windowsize", screen.window, 2560, 1440)
    # Qt scales by what the display says of its size in millimetres too, which is never exactly 96 dots per inch.
    screen.wait(lambda state: abs(state["size"][0] - 1280) <= 2 and abs(state["size"][1] - 720) <= 2)
    screen.wait(nothing_cut_off)
    screen.xdotool("key", "ctrl+m")
    screen.wait(lambda state: state["mode"] == 1)
    screen.draw(SEVEN)
    screen.wait(lambda state: state["result"] == "7")
    screen.close()
