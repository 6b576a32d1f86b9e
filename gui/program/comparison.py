"""Build the page that compares two networks, and connect it with a teacher of its own."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QObject

from fastcnn.gui.logic.lesson.teacher import Teacher
from fastcnn.gui.logic.networks import Networks, available
from fastcnn.gui.program.lessons import Host, load_network_of_digits
from fastcnn.gui.program.worker import Worker
from fastcnn.gui.widgets.lesson.compare_page import ComparePage


class Comparison(QObject):
    """The page works only while it is visible; it looks again when it is shown.

    Parameters
    ----------
    open_ : opens a station of the network in use on the lesson's page
    """

    def __init__(
        self, program: Host, worker: Worker, networks: Networks, open_: Callable[[int], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._program, self._networks = program, networks
        self._stale = True  # whether another network is in use since the page was shown
        self.page = ComparePage(lambda model: self.teacher.compare(model), open_)
        self.teacher = Teacher(
            self.page, worker, program.engine.snapshot, load_network_of_digits,
            tell=program.window.tell, ready=networks.ready, turns=program.engine.turns,
        )  # fmt: skip
        self.page.became_visible.connect(self._list_and_look)
        program.window.answer_changed.connect(self._look)

    def network_changed(self) -> None:
        """Another network is in use."""
        self._stale = True
        if self.page.isVisible():
            self._list_and_look()

    def _list_and_look(self) -> None:
        """Networks may have come or gone since the page was shown."""
        self.page.list_models(available(), self._networks.in_use(), self._program.engine.name)
        self._look()

    def _look(self) -> None:
        """Show the picture of the window, in the network in use and in the second one."""
        if not self.page.isVisible():
            return
        if self._stale:
            self._stale = False
            self.teacher.network_changed()
            self.page.compare.start()
        presenter = self._program.presenter
        self.teacher.show(presenter.seen, presenter.truth)
