"""Screenshots for the README, in both modes and languages, dark, small, large: `python -m bench screenshots`.

Chinese needs a font with Chinese characters (Debian: apt install fonts-noto-cjk).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fastcnn.bench.window.window import SEVEN, THREE, draw, open_window, settle

MNIST, HAND = 0, 1
MISTAKE = 247  # a test picture that is hard to read


class Shot(NamedTuple):
    """One screenshot. `page` is the index of the tab. Width and height are in the window's pixels, not the screen's."""

    name: str
    mode: int
    page: int = 0
    language: str = "en"
    theme: str = "light"
    width: int = 1000
    height: int = 660
    scale: int = 1


SHOTS = (
    Shot("mnist", MNIST),
    Shot("handwriting", HAND),
    Shot("inside", MNIST, page=1),
    Shot("mistakes", MNIST, page=2),
    Shot("experiment", HAND, page=3),
    Shot("my-hand", HAND, page=4),
    Shot("training", HAND, page=5),
    Shot("mnist-chinese", MNIST, language="zh_CN"),
    Shot("handwriting-chinese", HAND, language="zh_CN"),
    Shot("experiment-chinese-dark", HAND, page=3, language="zh_CN", theme="dark"),
    Shot("mnist-dark", MNIST, page=2, theme="dark"),
    Shot("handwriting-dark", HAND, theme="dark"),
    Shot("small", HAND, page=3, width=800, height=600),
    Shot("small-inside", MNIST, page=1, width=800, height=600),
    Shot("small-training-chinese", HAND, page=5, language="zh_CN", width=800, height=600),
    Shot("large-scale-2", HAND, page=1, width=1280, height=720, scale=2),
)


def _prepare(window: Any) -> None:
    """Show something on every page."""
    pages = window.program.pages
    pages.browser.measure()
    pages.experimenter.start("mnist", 10, 10)
    settle(window)
    pages.training_page.epochs.setValue(2)
    pages.training.start(2)
    while pages.training.is_active:
        settle(window)
    window.modeCombo.setCurrentIndex(HAND)
    draw(window.canvas, THREE)
    settle(window)
    window.modeCombo.setCurrentIndex(MNIST)
    window.numberSpin.setValue(MISTAKE)
    settle(window)


def _take(window: Any, shot: Shot, folder: Path) -> None:
    program = window.program
    program.use_theme(shot.theme)
    program.use_language(shot.language)
    window.resize(shot.width, shot.height)
    window.modeCombo.setCurrentIndex(shot.mode)
    window.tabs.setCurrentIndex(shot.page)
    if shot.mode == MNIST:
        window.recognizeButton.click()
    else:
        window.canvas.wipe()
        draw(window.canvas, THREE if shot.theme == "light" else SEVEN)
    settle(window)
    if shot.page == 1:
        window.actions_by_name["occlude"].trigger()
        settle(window)
    path = folder / f"{shot.name}.png"
    if not window.grab().save(str(path)):
        raise OSError(f"{path} cannot be written")
    print(f"{path}  {window.width()} x {window.height()} at scale {shot.scale}")


def main(argv: Sequence[str] | None = None) -> int:
    """Take all screenshots. Those with another scale need a separate process, because Qt reads the scale once."""
    parser = argparse.ArgumentParser(prog="python -m bench screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"), metavar="DIR")
    parser.add_argument("--scale", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.scale is None:
        for scale in sorted({shot.scale for shot in SHOTS}):
            program = [sys.executable, "-m", "fastcnn.bench.window.screenshots"]
            environment = {**os.environ, "QT_SCALE_FACTOR": str(scale), "QT_QPA_PLATFORM": "offscreen"}
            subprocess.run([*program, "--out", str(args.out), "--scale", str(scale)], check=True, env=environment)
        return 0
    with open_window() as window:
        _prepare(window)
        for shot in SHOTS:
            if shot.scale == args.scale:
                _take(window, shot, args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
