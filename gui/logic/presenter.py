"""Decide what the recognition part of the window does: the paper's two modes, live answers, corrections.

A presenter uses a view, an engine and a queue of work. Every request has a number, and an old answer is dropped. So the
answer always belongs to the picture on the screen.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from fastcnn.gui.logic.engine import Pictures, Set
from fastcnn.gui.logic.jobs import Jobs
from fastcnn.gui.logic.notices import Message, Notice, message
from fastcnn.recognition.answer import Recognition

if TYPE_CHECKING:
    from fastcnn.recognition.digit_string import DigitString


class Mode(IntEnum):
    """The paper's two modes. The value is the index in the box."""

    MNIST = 0
    HAND = 1


class View(Protocol):
    """The functions of the window that the presenter needs."""

    def show_mode(self, mode: Mode) -> None: ...
    def show_picture(self, field: Pictures | None, number: int | None) -> None: ...
    def show_answer(self, answer: Recognition, truth: int | None) -> None: ...
    def show_several(self, string: DigitString) -> None: ...
    def show_no_answer(self) -> None: ...
    def pen_is_down(self) -> bool: ...
    def drawing(self) -> Pictures | None: ...
    def clear_drawing(self) -> None: ...
    def tell(self, told: Message) -> None: ...


class Recognizes(Protocol):
    """The functions of the engine that the presenter needs."""

    def recognize(self, plane: Pictures) -> Recognition: ...
    def recognize_field(self, field: Pictures) -> Recognition: ...
    def read_string(self, plane: Pictures) -> DigitString: ...


def is_several(string: DigitString) -> bool:
    """Whether two or more digits were read, and nothing else."""
    return len(string) > 1 and "?" not in string.text


class Presenter:
    """The decisions.

    Parameters
    ----------
    pictures : gives the test pictures and labels. It may be slow, so it is called in a job
    rng : draws the random pictures
    """

    def __init__(
        self,
        view: View,
        engine: Recognizes,
        jobs: Jobs,
        pictures: Callable[[], Set],
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        self._view, self._engine, self._jobs, self._pictures = view, engine, jobs, pictures
        self._rng = rng
        self._test: Set | None = None
        self._newest = 0
        self._acts = 0  # counts what the user does to the picture that is shown
        self._loading = False  # whether the test pictures are being loaded for the last request
        self._recognize_then = False
        self.mode = Mode.MNIST
        self.live = True
        self.number: int | None = None  # of the test picture that is shown
        self._recognized: int | None = None  # that picture, if its answer was shown when the mode changed
        self.answer: Recognition | None = None  # to what is shown, once it is known

    @property
    def truth(self) -> int | None:
        """The label of the shown test picture; None if there is none."""
        if self.mode is not Mode.MNIST or self.number is None or self._test is None:
            return None
        return int(self._test[1][self.number])

    @property
    def field(self) -> Pictures | None:
        """The shown test picture (28, 28)."""
        if self.number is None or self._test is None:
            return None
        picture: Pictures = self._test[0][self.number, 0]
        return picture

    @property
    def seen(self) -> npt.NDArray[np.float32] | None:
        """What the network reads of what is shown, (28, 28) from 0 to 1; None without a picture."""
        if self.answer is not None:
            return self.answer.input
        field = self.field if self.mode is Mode.MNIST else None
        return None if field is None else np.divide(field, 255, dtype=np.float32)

    def watch(self) -> Callable[[], bool]:
        """Call it when a job is asked for. The result says whether the user still waits for the job's picture.

        That is so in the same mode, while neither picture nor drawing has changed.
        """
        request, mode = self._acts, self.mode
        return lambda: (request, mode) == (self._acts, self.mode)

    def set_mode(self, mode: Mode) -> None:
        """Change the mode. Its picture is still there, and is recognized again.

        A drawing is so if answers are live, and a test picture if it was recognized before.
        """
        if mode is self.mode:
            return
        if self.mode is Mode.MNIST:
            self._recognized = self.number if self.answer is not None else None
        self.mode = mode
        self._acts += 1
        self._forget()
        self._view.show_mode(mode)
        if mode is Mode.HAND:
            self._follow_pen()
        elif self._recognized is not None:
            self.recognize()

    def set_live(self, live: bool) -> None:
        """Set whether the answer follows the pen."""
        self.live = live
        if self.mode is Mode.HAND:
            self._follow_pen()

    def draw_random(self) -> None:
        """Show a random test picture. Its answer comes only on request."""
        self.set_mode(Mode.MNIST)
        self._acts += 1
        rng = np.random.default_rng(self._rng)  # its import takes 14 ms: not at the start
        self._with_pictures(lambda test: self._show(int(rng.integers(len(test[1]))), recognize=False))

    def go_to(self, number: int) -> None:
        """Show test picture number 0 to 9,999 and recognize it."""
        self.set_mode(Mode.MNIST)
        self._acts += 1
        self._with_pictures(lambda test: self._show(min(max(number, 0), len(test[1]) - 1), recognize=True))

    def clear(self) -> None:
        """Remove the picture or the drawing, and the answer."""
        self._acts += 1
        self._forget()
        if self.mode is Mode.HAND:
            self._view.clear_drawing()
        else:
            self.number = None
            self._view.show_picture(None, None)

    def recognize(self) -> None:
        """Recognize the shown picture or the drawing."""
        if self.mode is Mode.HAND:
            plane = self._view.drawing()
            if plane is None:
                self._forget()
                self._view.tell(message(Notice.NOTHING_DRAWN))
            else:
                self._request_drawing(plane, quick=False)
            return
        field = self.field
        if self._loading:
            self._recognize_then = True
        elif field is None:
            self._view.tell(message(Notice.NO_PICTURE))
        else:
            self._request(lambda: self._engine.recognize_field(field), quick=False)

    def drawing_changed(self) -> None:
        """The pen moved, or the drawing changed in another way."""
        self._acts += 1
        if self.mode is Mode.HAND:
            self._follow_pen()

    def network_changed(self) -> None:
        """Another network is in use, so the old answer is not valid."""
        asked = self.answer is not None
        if self.mode is Mode.HAND:
            self._follow_pen()
        elif asked:
            self.recognize()

    def network_improved(self) -> None:
        """The network that answers has trained further. The old answer is valid until the new one comes."""
        plane, field = self._view.drawing(), self.field
        if self.answer is None:
            return
        if self.mode is Mode.HAND and plane is not None:
            self._request_drawing(plane, quick=True, keeps=True)
        elif self.mode is Mode.MNIST and field is not None:
            self._request(lambda: self._engine.recognize_field(field), quick=True, keeps=True)

    def _follow_pen(self) -> None:
        plane = self._view.drawing()
        if plane is None or not self.live:
            self._forget()
        else:
            self._request_drawing(plane, quick=True)

    def _show(self, number: int, *, recognize: bool) -> None:
        self.number = number
        self._forget()
        self._view.show_picture(self.field, number)
        self._view.tell(message(Notice.PICTURE_SHOWN, number=number))
        if recognize:
            self.recognize()

    def _with_pictures(self, then: Callable[[Set], None]) -> None:
        """Load the test pictures if necessary, then go on, unless the user did something else before."""
        if self._test is not None:
            then(self._test)
            return
        self._forget()
        request = self._newest

        def loaded(test: Set) -> None:
            self._test = test
            if request == self._newest:
                asked, self._loading = self._recognize_then, False
                then(test)
                if asked:
                    self.recognize()

        def failed(error: Exception) -> bool:
            if request == self._newest:
                self._loading = self._recognize_then = False
            return True

        self._loading = True
        self._view.tell(message(Notice.LOADING))
        self._jobs.submit(self._pictures, loaded, failed)

    def _request_drawing(self, plane: Pictures, *, quick: bool, keeps: bool = False) -> None:
        """Recognize a drawing. If it seems to be several digits and the pen is up, read them too."""

        def shown(answer: Recognition) -> None:
            request = self._newest
            if not answer.several or self._view.pen_is_down():
                return

            def done(string: DigitString) -> None:
                if request == self._newest and is_several(string):
                    self._view.show_several(string)

            self._jobs.replace(lambda: self._engine.read_string(plane), done)

        self._request(lambda: self._engine.recognize(plane), quick=quick, keeps=keeps, then=shown)

    def _request(
        self,
        job: Callable[[], Recognition],
        *,
        quick: bool,
        keeps: bool = False,
        then: Callable[[Recognition], None] | None = None,
    ) -> None:
        self._newest += 1
        request = self._newest

        def done(answer: Recognition) -> None:
            if request == self._newest:
                self.answer = answer
                self._view.show_answer(answer, self.truth)
                if then is not None:
                    then(answer)

        def failed(error: Exception) -> bool:
            is_late = request != self._newest
            if not is_late:
                self._forget()
            return not is_late

        if not keeps:
            self.answer = None
        (self._jobs.replace if quick else self._jobs.submit)(job, done, failed)

    def _forget(self) -> None:
        """Forget the answer of the shown picture. Answers that are still to come are dropped."""
        self._newest += 1
        self.answer = None
        self._loading = self._recognize_then = False
        self._view.show_no_answer()
