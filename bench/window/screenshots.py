"""Screenshots for the README, in both modes and languages, dark, small, large: `python -m bench screenshots`.

With `--every`, all pages in all languages, themes and sizes, for people to look at.
Chinese needs a font with Chinese characters (Debian: apt install fonts-noto-cjk).
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fastcnn.bench.window.window import SEVEN, THREE, draw, open_window, settle, until

MNIST, HAND = 0, 1
MISTAKE = 247  # a test picture that is hard to read


class Shot(NamedTuple):
    """One screenshot. `page` is a tab's name. Width and height are in the window's pixels, not the screen's."""

    name: str
    mode: int
    page: str = "answer"
    language: str = "en"
    theme: str = "light"
    width: int = 1280
    height: int = 800
    scale: float = 1


SHOTS = (
    Shot("mnist", MNIST),
    Shot("handwriting", HAND),
    Shot("mnist-chinese", MNIST, language="zh_CN"),
    Shot("handwriting-chinese", HAND, language="zh_CN"),
    Shot("experiment-chinese-dark", HAND, page="experiment", language="zh_CN", theme="dark"),
    Shot("mnist-dark", MNIST, page="mistakes", theme="dark"),
    Shot("handwriting-dark", HAND, theme="dark"),
    Shot("small", HAND, page="experiment", width=1024, height=768),
    Shot("small-inside", MNIST, page="inside", width=1024, height=768),
    Shot("small-training-chinese", HAND, page="training", language="zh_CN", width=1024, height=768),
    Shot("large-scale-2", HAND, page="inside", width=1280, height=720, scale=2),
)
OF_MNIST = ("inside", "mistakes", "lesson", "compare")  # of the pages
OF_LAYERS = ("lesson", "compare")  # they show the paper's network, which has few layers
VIEWS: dict[str, tuple[int, int, float]] = {  # a name, and a window's width, height and scale
    "1024": (1024, 768, 1),
    "1280": (1280, 800, 1),
    "150": (1280, 720, 1.5),
    "200": (1280, 720, 2),
}


def page_names(window: Any) -> list[str]:
    """The tabs' names, as files are named, of a window that speaks English."""
    return [window.tabs.tabToolTip(index).lower().replace(" ", "-") for index in range(window.tabs.count())]


def of_pages(pages: Sequence[str]) -> list[Shot]:
    """One picture of each page after the first, in the file of the page's name."""
    return [Shot(page, MNIST if page in OF_MNIST else HAND, page) for page in pages[1:]]


def every(pages: Sequence[str]) -> list[Shot]:
    """Every page in both languages, light and dark, at the sizes and scales of `VIEWS`: to look at, not to keep."""
    return [
        Shot(f"{page}-{language}-{theme}-{view}", MNIST if page in (*pages[:1], *OF_MNIST) else HAND, page, language,
             theme, *VIEWS[view])
        for page, language, theme, view in itertools.product(pages, ("en", "zh_CN"), ("light", "dark"), VIEWS)
    ]  # fmt: skip


def _prepare(window: Any, epochs: int) -> None:
    """Show something on every page."""
    pages = window.program.pages
    pages.browser.measure()
    pages.experimenter.start("mnist", 10, 10)
    settle(window)
    pages.training_page.epochs.setValue(epochs)
    pages.training.start(epochs)
    while pages.training.is_active:
        settle(window)
    window.modeCombo.setCurrentIndex(HAND)
    for stroke, digit in ((SEVEN, 7), (THREE, 3)):
        window.canvas.wipe()
        draw(window.canvas, stroke)
        settle(window)
        window.actions_by_name[f"correct_{digit}"].trigger()
        settle(window)
    window.modeCombo.setCurrentIndex(MNIST)
    window.numberSpin.setValue(MISTAKE)
    settle(window)


def _take(window: Any, shot: Shot, pages: list[str], folder: Path) -> None:
    from PyQt5.QtCore import QTimer

    program = window.program
    program.use_theme(shot.theme)
    program.use_language(shot.language)
    program.pages.networks.choose("paper" if shot.page in OF_LAYERS else "default")
    settle(window)
    window.resize(shot.width, shot.height)
    window.modeCombo.setCurrentIndex(shot.mode)
    window.tabs.setCurrentIndex(pages.index(shot.page))
    if shot.mode == MNIST:
        window.numberSpin.setValue(MISTAKE)
        window.recognizeButton.click()
    else:
        window.canvas.wipe()
        draw(window.canvas, THREE if shot.theme == "light" else SEVEN)
    settle(window)
    if shot.page == "inside":
        window.actions_by_name["occlude"].trigger()
        settle(window)
    if shot.page == "mistakes":
        program.pages.browser.measure()  # a change of the network has forgotten what was measured
        settle(window)
    if shot.page == "lesson":
        program.pages.classroom.teacher.open(1)
        settle(window)
    timers = [timer for timer in program.pages.training_page.findChildren(QTimer) if timer.isSingleShot()]
    until(lambda: not any(timer.isActive() for timer in timers))  # one of its plots is painted after the other
    window.frame.toast.forget()
    for _ in range(2):  # a scroll area gives its contents their room in a later turn
        settle(window)
    path = folder / f"{shot.name}.png"
    if not window.grab().save(str(path)):
        raise OSError(f"{path} cannot be written")
    print(f"{path}  {window.width()} x {window.height()} at scale {shot.scale}")


def main(argv: Sequence[str] | None = None) -> int:
    """Take all screenshots. Those with another scale need a separate process, because Qt reads the scale once."""
    parser = argparse.ArgumentParser(prog="python -m bench screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"), metavar="DIR")
    every_help = "every page in each language, theme and size; give --out too, because these are not kept"
    parser.add_argument("--every", action="store_true", help=every_help)
    parser.add_argument("--scale", type=float, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.scale is None:
        chosen = every([""]) if args.every else SHOTS
        more = ["--every"] if args.every else []
        for scale in sorted({shot.scale for shot in chosen}):
            program = [sys.executable, "-m", "fastcnn.bench.window.screenshots"]
            environment = {**os.environ, "QT_SCALE_FACTOR": str(scale), "QT_QPA_PLATFORM": "offscreen"}
            command = [*program, "--out", str(args.out), "--scale", str(scale), *more]
            subprocess.run(command, check=True, env=environment)
        return 0
    with open_window() as window:
        pages = page_names(window)
        _prepare(window, epochs=1 if args.every else 2)
        for shot in every(pages) if args.every else (*SHOTS, *of_pages(pages)):
            if shot.scale == args.scale:
                _take(window, shot, pages, args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
