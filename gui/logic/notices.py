"""The messages of the program for the user, without words. `words.py` has the words in each language."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from fastcnn.errors import Sentence, reason_of


class Notice(Enum):
    """One kind of message. The comment names the values that its sentence needs."""

    NOTHING_DRAWN = auto()
    NO_PICTURE = auto()
    LOADING = auto()
    PICTURE_SHOWN = auto()  # number
    MEASURING = auto()
    NO_MISTAKES = auto()
    MISTAKE_SHOWN = auto()  # position, count
    NO_SUCH_CONFUSION = auto()  # true, answer
    NETWORK_IN_USE = auto()  # name
    CORRECTED = auto()  # digit, count
    CORRECTION_NEEDS_DRAWING = auto()
    SAVED = auto()  # path
    HOLDS_NO_PICTURE = auto()
    ONE_PICTURE_TAKEN = auto()  # name, others
    NO_ANSWER = auto()
    NO_EXPERIMENT = auto()
    ASK_FOR_DIGIT = auto()  # digit, number, count
    EXPERIMENT_DONE = auto()  # right, count
    EXPERIMENT_KEPT = auto()  # number, count
    LEARNING = auto()
    LEARNING_CANCELLED = auto()
    LEARNED = auto()
    TOO_FEW_DRAWINGS = auto()  # needed, count
    KEPT = auto()
    DISCARDED = auto()
    FORGOTTEN = auto()
    IMPORTED = auto()  # count
    TRAINING_DONE = auto()  # accuracy, name
    TRAINING_STOPPED = auto()
    TRYING = auto()
    NOT_TRYING = auto()
    UNEXPECTED = auto()  # kind, detail, path
    UNEXPECTED_NOT_NOTED = auto()  # kind, detail
    FAILED = auto()  # reason: a Sentence of the engine


@dataclass(frozen=True)
class Message:
    """A notice with its values."""

    notice: Notice
    values: dict[str, object] = field(default_factory=dict)


def failure(error: Exception) -> Message:
    """What to tell of an error that the user can put right."""
    reason = reason_of(error)
    if isinstance(error, OSError) and error.filename is not None:  # the system's, whose text is none for people
        reason = Sentence(
            "{path} cannot be used: {reason}; check its permissions and the room on its disk",
            path=error.filename,
            reason=error,
        )
    return Message(Notice.FAILED, {"reason": reason})


def message(notice: Notice, **values: object) -> Message:
    """A notice with its values."""
    return Message(notice, values)
