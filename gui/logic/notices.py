"""What the program may have to tell the user, in English; `words.py` says it in the language in use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from fastcnn.errors import Sentence, reason_of

mark = Sentence  # to be translated, with values that come later


class Notice(Enum):
    """One thing to tell, and its sentence in English; in braces are the values that it needs."""

    NOTHING_DRAWN = mark("Nothing is drawn yet: draw a digit on the black field.")
    NO_PICTURE = mark("No picture is shown yet: press “Random picture”.")
    LOADING = mark("Loading the test pictures …")
    PICTURE_SHOWN = mark("Test picture {number}")
    CLEARED = mark("The field is cleared.")
    MEASURING = mark("Reading all 10,000 test pictures …")
    NO_MISTAKES = mark("This network makes no mistake on the test pictures.")
    MISTAKE_SHOWN = mark("Picture {position} of {count}")
    NO_SUCH_CONFUSION = mark("This network never takes {a_true} for {a_answer}.")
    PREPARING = mark("Preparing the network, about 10 s, only once. You can draw already; it answers then.")
    PREPARING_EACH_TIME = mark("Preparing the network, about 10 s; nothing can be kept here, so each start needs this.")
    NETWORK_IN_USE = mark("Network in use: {name}")
    CORRECTED = mark("Kept as {a_digit}; {count} drawing{s} {are} in your collection.")
    RELABELLED = mark("Now {a_digit}; {count} drawing{s} {are} in your collection.")
    DELETED = mark("Deleted; {count} drawing{s} {are} in your collection.")
    UNDONE = mark("Undone; {count} drawing{s} {are} in your collection.")
    CORRECTION_NEEDS_DRAWING = mark("Only your own drawings can be corrected: draw a digit first.")
    SAVED = mark("Saved to {path}")
    HOLDS_NO_PICTURE = mark("That holds no picture: take a picture, or a picture’s file on this computer.")
    ONLY_MOVED = mark("That can only be moved here, and its owner would lose it: copy it and paste it instead.")
    ONE_PICTURE_TAKEN = mark("One picture at a time: {name} is taken, and {count} more {are} not.")
    PICTURE_TOO_LATE = mark("You went on before the picture was ready, so it is not shown; open it again.")
    NO_ANSWER = mark("Nothing is recognized yet: press “Recognize” first.")
    NO_EXPERIMENT = mark("No experiment waits for a drawing: start one with handwriting on the page “Experiment”.")
    ASK_FOR_DIGIT = mark("Draw {a_digit}, then press “Next” ({number} of {count}).")
    EXPERIMENT_DONE = mark("Experiment done: {right} of {count} right.")
    EXPERIMENT_KEPT = mark("An interrupted experiment is kept: {number} of {count} done.")
    LEARNING = mark("Learning from your drawings …")
    LEARNING_CANCELLED = mark("Learning was cancelled; the network is as it was.")
    LEARNED = mark("Learning is done: keep the new network or discard it.")
    LEARNED_WORSE = mark("Learning is done, but the new network reads worse: look at the table before you keep it.")
    KEPT = mark("The network that knows your writing is in use, as {name}.")
    DISCARDED = mark("Discarded; the network is as it was.")
    CLOSING = mark("Keeping everything; then the window closes …")
    FORGOTTEN = mark("Your drawings and the network that learned from them are deleted.")
    IMPORTED = mark("{count} new drawing{s} {were} imported.")
    TRAINING_DONE = mark("Training is done: {accuracy} on pictures it has not trained on; kept as {name}.")
    TRAINING_STOPPED = mark("Training is stopped; “Resume” goes on from the last finished epoch.")
    NETWORK_NAMED = mark("The trained network is kept as {name}.")
    NETWORK_REPLACED = mark("The trained network has replaced the old {name}.")
    NOTHING_TO_REPLACE = mark("There is no older network of yours to replace.")
    TRYING = mark("You are trying the network in training.")
    NOTHING_TO_TRY = mark("There is no network in training to try yet: train one first, or go on.")
    NOT_TRYING = mark("The chosen network answers again.")
    SEEKING_PIXEL = mark("Trying each of the pixels …")
    FOOLED = mark("One pixel is enough: with row {row}, column {column} changed it reads {a_answer} ({share}%).")
    NOT_FOOLED = mark("No single pixel fools it. Row {row}, column {column} hurts most: still {a_answer} ({share}%).")
    UNEXPECTED = mark("Something unexpected happened ({kind}: {detail}); it is noted in {path}. The program goes on.")
    UNEXPECTED_NOT_NOTED = mark("Something unexpected happened ({kind}: {detail}). The program goes on.")
    FAILED = mark("That did not work: {reason}")


@dataclass(frozen=True)
class Message:
    """A notice with its values."""

    notice: Notice
    values: dict[str, object] = field(default_factory=dict)


class Tell(Protocol):
    """A function that shows a message, with a button that calls `undo`."""

    def __call__(self, told: Message, undo: Callable[[], None] | None = None) -> None: ...


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
