"""What would be lost if the window closed now, and keeping all of it before it closes."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from fastcnn.gui.logic.experimenter import Experimenter
from fastcnn.gui.logic.hand import Hand
from fastcnn.gui.logic.notices import Message, Notice, message
from fastcnn.gui.logic.training import Training


class Unsaved(Enum):
    """A piece of work that closing would give up, whole or in part."""

    TRAINING = "training"  # what it did since the last finished epoch
    LEARNING = "learning"
    LEARNED = "learned"  # a network that is neither kept nor discarded
    EXPERIMENT = "experiment"  # answers that could not be written


class Choice(Enum):
    """The user's answer to the question."""

    KEEP = "keep"
    DISCARD = "discard"
    CANCEL = "cancel"


class Closing:
    """Keeps everything, then closes.

    Parameters
    ----------
    close : called when all is kept
    """

    def __init__(
        self, training: Training, hand: Hand, experimenter: Experimenter, *, tell: Callable[[Message], None],
        close: Callable[[], object],
    ) -> None:  # fmt: skip
        self._training, self._hand, self._experimenter = training, hand, experimenter
        self._tell, self._close = tell, close
        self._tried = False
        self.is_waiting = False

    def unsaved(self) -> list[Unsaved]:
        """What would be lost."""
        found = {
            Unsaved.TRAINING: self._training.is_active,
            Unsaved.LEARNING: self._hand.is_learning,
            Unsaved.LEARNED: self._hand.outcome is not None,
            Unsaved.EXPERIMENT: self._experimenter.is_refused,
        }
        return [each for each, is_there in found.items() if is_there]

    def keep_all(self) -> None:
        """End the epoch, let the learning end, keep what was learned and answered. `look` closes when that is done."""
        self.is_waiting, self._tried = True, False
        self._tell(message(Notice.CLOSING))
        if self._training.is_active:
            self._training.finish_epoch()
        self._experimenter.write_again()

    def stay(self) -> None:
        """The window does not close after all. What was begun goes on."""
        self.is_waiting = False

    def look(self) -> None:
        """Called from time to time while it waits: keep what can be kept now, and close when nothing is left."""
        if not self.is_waiting or self._experimenter.is_writing:
            return
        if self._experimenter.is_refused:  # again, and the user was told why: the window stays
            self.is_waiting = False
        elif self._hand.outcome is not None and not self._hand.is_keeping:
            if self._tried:  # it could not be written either
                self.is_waiting = False
                return
            self._tried = True
            self._hand.keep()
        elif not self.unsaved():
            self.is_waiting = False
            self._close()
