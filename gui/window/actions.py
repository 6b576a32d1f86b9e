"""The menus: every action with its key, its name and its tool tip. app.py connects them with functions."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QActionGroup, QMainWindow, QMenu

from fastcnn.gui.text.language import tr

# menu -> actions with their keys; None draws a line. A name that ends in "..." opens a dialog.
MENUS: dict[str, Sequence[tuple[str, Sequence[str]] | None]] = {
    "file": [
        ("open", ["Ctrl+O"]),
        ("paste", ["Ctrl+V"]),
        ("save", ["Ctrl+S"]),
        None,
        ("open_network", ["Ctrl+Shift+O"]),
        None,
        ("quit", ["Ctrl+Q"]),
    ],
    "draw": [
        ("undo", ["Ctrl+Z"]),
        ("redo", ["Ctrl+Y", "Ctrl+Shift+Z"]),
        ("eraser", ["E"]),
        ("thinner", ["["]),
        ("thicker", ["]"]),
        ("clear", ["Delete"]),
        None,
        ("focus_canvas", ["F2"]),
    ],
    "recognize": [
        ("switch_mode", ["Ctrl+M"]),
        ("draw", ["F5"]),
        ("recognize", ["Ctrl+Return", "Ctrl+Enter"]),
        ("live", ["Ctrl+L"]),
        None,
        ("next_mistake", ["F8"]),
        ("previous_mistake", ["Shift+F8"]),
        ("go_to", ["Ctrl+G"]),
        None,
        ("next_digit", ["F4"]),
        ("occlude", ["F9"]),
        ("measure", ["Ctrl+I"]),
    ],
    "correct": [(f"correct_{digit}", [str(digit)]) for digit in range(10)],
    "view": [],
}
CHECKABLE = {"eraser", "live"}
LANGUAGES = {"en": "English", "zh_CN": "中文"}  # the name of each language in that language
THEMES = ("system", "light", "dark")


def _menu_words() -> dict[str, str]:
    return {
        "file": tr("&File"),
        "draw": tr("&Edit"),
        "recognize": tr("Reco&gnition"),
        "correct": tr("C&orrect"),
        "view": tr("&View"),
        "language": tr("&Language"),
        "theme": tr("&Theme"),
    }


def _words() -> dict[str, tuple[str, str]]:
    """Name and tool tip of each action."""
    words = {
        "open": (tr("&Open picture …"), tr("Put a picture file on the drawing field")),
        "paste": (tr("&Paste picture"), tr("Put the picture in the clipboard on the drawing field")),
        "save": (tr("&Save drawing …"), tr("Save what is drawn as a picture file")),
        "open_network": (tr("Open &network …"), tr("Use a network from a weights file")),
        "quit": (tr("&Quit"), tr("Close the window")),
        "undo": (tr("&Undo"), tr("Take back the last stroke")),
        "redo": (tr("&Redo"), tr("Draw again what was taken back")),
        "eraser": (tr("&Eraser"), tr("Erase instead of drawing")),
        "thinner": (tr("Thi&nner pen"), tr("Make the pen thinner")),
        "thicker": (tr("Thic&ker pen"), tr("Make the pen thicker")),
        "clear": (tr("&Clear"), tr("Remove the picture or the drawing")),
        "focus_canvas": (tr("Draw by &keyboard"), tr("Go to the drawing field: arrows move, space draws")),
        "switch_mode": (tr("Switch &mode"), tr("From MNIST pictures to handwriting, or back")),
        "draw": (tr("Ran&dom picture"), tr("Show one of MNIST's 10,000 test pictures, chosen at random")),
        "recognize": (tr("&Recognize"), tr("Ask the network which digit this is")),
        "live": (tr("&Live answers"), tr("The answer follows the pen")),
        "next_mistake": (tr("&Next mistake"), tr("Show the next test picture that this network gets wrong")),
        "previous_mistake": (tr("&Previous mistake"), tr("Show the test picture before, that this network gets wrong")),
        "go_to": (tr("&Go to picture number …"), tr("Show a test picture by its number")),
        "next_digit": (tr("Ne&xt digit of the experiment"), tr("Recognize and note this drawing, then go to the next")),
        "occlude": (
            tr("&Where did it look?"),
            tr("Show in red where blackening hurts the answer"),
        ),
        "measure": (tr("Measure the net&work"), tr("Accuracy and speed of the network in use")),
    }
    for digit in range(10):
        named = tr("This is a &{digit}").format(digit=digit)
        words[f"correct_{digit}"] = (named, tr("Correct the answer and keep the drawing"))
    return words


def _theme_words() -> dict[str, str]:
    return {"system": tr("As the &system"), "light": tr("&Light"), "dark": tr("&Dark")}


class Actions:
    """Builds the menus of a window.

    `by_name` holds the actions above, `languages` and `themes` those for the values of these settings, and `pages` the
    part of a menu that the window fills.
    """

    def __init__(self, window: QMainWindow) -> None:
        self.by_name: dict[str, QAction] = {}
        self._menus: dict[str, QMenu] = {}
        bar = window.menuBar()
        assert bar is not None
        for name, entries in MENUS.items():
            menu = QMenu(window)
            self._menus[name] = menu
            bar.addMenu(menu)
            for entry in entries:
                if entry is None:
                    menu.addSeparator()
                else:
                    self._add(window, menu, *entry)
        self.languages = self._choices(window, "language", tuple(LANGUAGES))
        self.themes = self._choices(window, "theme", THEMES)
        self.retranslate()

    def __getitem__(self, name: str) -> QAction:
        return self.by_name[name]

    @property
    def view_menu(self) -> QMenu:
        """The menu where the window lists its pages."""
        return self._menus["view"]

    @property
    def correct_menu(self) -> QMenu:
        """The menu of the ten digits, also for a right click."""
        return self._menus["correct"]

    def retranslate(self) -> None:
        """Set all texts again, in the language in use."""
        for name, text in _menu_words().items():
            self._menus[name].setTitle(text)
        for name, (text, tip) in _words().items():
            self.by_name[name].setText(text)
            self.by_name[name].setToolTip(tip)
            self.by_name[name].setStatusTip(tip)
        for name, text in _theme_words().items():
            self.themes[name].setText(text)
        for name, text in LANGUAGES.items():
            self.languages[name].setText(text)

    def _add(self, window: QMainWindow, menu: QMenu, name: str, keys: Sequence[str]) -> None:
        action = QAction(window)
        action.setObjectName(f"{name}Action")
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.setCheckable(name in CHECKABLE)
        menu.addAction(action)
        self.by_name[name] = action

    def _choices(self, window: QMainWindow, name: str, values: Sequence[str]) -> dict[str, QAction]:
        menu = QMenu(window)
        self._menus[name] = menu
        self._menus["view"].addMenu(menu)
        group = QActionGroup(window)
        made = {}
        for value in values:
            action = QAction(window)
            action.setObjectName(f"{name}_{value}Action")
            action.setCheckable(True)
            group.addAction(action)
            menu.addAction(action)
            made[value] = action
        return made
