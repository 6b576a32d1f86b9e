"""The menus: every action with its key, its name and its tool tip. app.py connects them with functions."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QActionGroup, QMainWindow, QMenu

from fastcnn.errors import Sentence
from fastcnn.gui.text import language

mark = Sentence  # shorter, for the table
Entry = tuple[str, str, str, str]  # name, keys apart by blanks, text and tool tip; a text with "…" opens a dialog
# menu -> its title, and its actions; None draws a line
MENUS: dict[str, tuple[str, list[Entry | None]]] = {
    "file": (mark("&File"), [
        ("open", "Ctrl+O", mark("&Open picture …"), mark("Put a picture file on the drawing field")),
        ("paste", "Ctrl+V", mark("&Paste picture"), mark("Put the picture in the clipboard on the drawing field")),
        ("save", "Ctrl+S", mark("&Save drawing …"), mark("Save what is drawn as a picture file")),
        None,
        ("open_network", "Ctrl+Shift+O", mark("Open &network …"), mark("Use a network from a weights file")),
        None,
        ("quit", "Ctrl+Q", mark("&Quit"), mark("Close the window")),
    ]),
    "draw": (mark("&Edit"), [
        ("undo", "Ctrl+Z", mark("&Undo"), mark("Take back the last stroke")),
        ("redo", "Ctrl+Y Ctrl+Shift+Z", mark("&Redo"), mark("Draw again what was taken back")),
        ("eraser", "E", mark("&Eraser"), mark("Erase instead of drawing")),
        ("thinner", "[", mark("Thi&nner pen"), mark("Make the pen thinner")),
        ("thicker", "]", mark("Thic&ker pen"), mark("Make the pen thicker")),
        ("clear", "Delete", mark("&Clear"), mark("Remove the picture or the drawing")),
        None,
        ("focus_canvas", "F2", mark("Draw by &keyboard"), mark("Go to the drawing field: arrows move, space draws")),
    ]),
    "recognize": (mark("Reco&gnition"), [
        ("switch_mode", "Ctrl+M", mark("Switch &mode"), mark("From MNIST pictures to handwriting, or back")),
        ("draw", "F5", mark("Ran&dom picture"), mark("Show one of MNIST's 10,000 test pictures, chosen at random")),
        ("recognize", "Ctrl+Return Ctrl+Enter", mark("&Recognize"), mark("Ask the network which digit this is")),
        ("live", "Ctrl+L", mark("&Live answers"), mark("The answer follows the pen")),
        None,
        ("next_mistake", "F8", mark("&Next mistake"), mark("Show the next test picture that this network gets wrong")),
        ("previous_mistake", "Shift+F8", mark("&Previous mistake"),
         mark("Show the previous test picture that this network gets wrong")),
        ("go_to", "Ctrl+G", mark("&Go to picture number …"), mark("Show a test picture by its number")),
        None,
        ("next_digit", "F4", mark("Ne&xt digit of the experiment"),
         mark("Recognize and note this drawing, then go to the next")),
        ("occlude", "F9", mark("W&here did it look?"), mark("Show in red where blackening hurts the answer")),
        ("measure", "Ctrl+I", mark("Measure the net&work"), mark("Accuracy and speed of the network in use")),
    ]),
    "correct": (mark("C&orrect"), [
        (f"correct_{digit}", str(digit), mark("This is {a} &{digit}"), mark("Correct the answer and keep the drawing"))
        for digit in range(10)
    ]),
    "view": (mark("&View"), [
        ("zoom_in", "Ctrl++ Ctrl+=", mark("Lar&ger"), mark("Make everything larger")),
        ("zoom_out", "Ctrl+-", mark("&Smaller"), mark("Make everything smaller")),
        ("zoom_reset", "Ctrl+0", mark("&Usual size"), mark("Make everything as large as at first")),
        ("full_screen", "F11", mark("&Full screen"), mark("Fill the screen, or leave that again")),
        None,
    ]),
    "help": (mark("&Help"), [
        ("help", "F1", mark("&What can be done"), mark("Show what can be done and by which keys")),
        ("menu", "F10", mark("Open this &menu"), mark("Open the menu with everything that can be done")),
    ]),
}  # fmt: skip
CHECKABLE = {"eraser", "live", "full_screen"}
LANGUAGES = {"en": "English", "zh_CN": "中文"}  # each in its own words, whatever the language in use
THEMES: dict[str, str] = {"system": mark("As the &system"), "light": mark("&Light"), "dark": mark("&Dark")}
CHOICES: dict[str, tuple[str, dict[str, str]]] = {
    "language": (mark("&Language"), LANGUAGES),
    "theme": (mark("&Theme"), THEMES),
}  # menus of "view"


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
        bar.setVisible(bar.isNativeMenuBar())  # a desktop's own bar; elsewhere the button "Menu" has it all
        self.whole_menu = QMenu(window)
        self.whole_menu.setObjectName("wholeMenu")
        for name, (_, entries) in MENUS.items():
            menu = self._menus[name] = QMenu(window)
            bar.addMenu(menu)
            self.whole_menu.addMenu(menu)
            for entry in entries:
                if entry is None:
                    menu.addSeparator()
                else:
                    self._add(window, menu, *entry[:2])
        self.languages, self.themes = (self._choices(window, name, values) for name, (_, values) in CHOICES.items())
        self.retranslate()

    def __getitem__(self, name: str) -> QAction:
        return self.by_name[name]

    @property
    def view_menu(self) -> QMenu:
        """The menu where the window lists its pages."""
        return self._menus["view"]

    def retranslate(self) -> None:
        """Word everything again, in the language in use."""
        for name, (title, _) in [*MENUS.items(), *CHOICES.items()]:
            self._menus[name].setTitle(language.tr(title))
        for name, key, text, tip in (entry for _, entries in MENUS.values() for entry in entries if entry):
            action = self.by_name[name]
            action.setText(
                language.tr(text).format(digit=key, a="an" if key == "8" else "a")
            )  # a correction's key is its digit
            action.setToolTip(language.tr(tip))
            action.setStatusTip(language.tr(tip))
        for made, values in ((self.languages, LANGUAGES), (self.themes, THEMES)):
            for value, text in values.items():
                made[value].setText(language.tr(text))

    def _add(self, window: QMainWindow, menu: QMenu, name: str, keys: str) -> None:
        action = QAction(window)
        action.setObjectName(f"{name}Action")
        action.setShortcuts([QKeySequence(key) for key in keys.split()])
        action.setCheckable(name in CHECKABLE)
        menu.addAction(action)
        window.addAction(action)  # its key works while no menu bar is shown
        self.by_name[name] = action

    def _choices(self, window: QMainWindow, name: str, values: Iterable[str]) -> dict[str, QAction]:
        menu = self._menus[name] = QMenu(window)
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
