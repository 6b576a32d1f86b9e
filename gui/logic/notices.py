"""What the program may have to tell the user, in English; `words.py` says it in the language in use."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from fastcnn.errors import Sentence, reason_of

mark = Sentence  # to be translated, with values that come later


class Notice(Enum):
    """One thing to tell, and its sentence in English; in braces are the values that it needs."""

    NOTHING_DRAWN = mark("Nothing is drawn yet: draw a digit on the black field.")
    NO_PICTURE = mark("No picture is shown yet: press “Random picture”.")
    LOADING = mark("Loading the test pictures …")
    PICTURE_SHOWN = mark("Test picture {number}")
    MEASURING = mark("Reading all 10,000 test pictures …")
    NO_MISTAKES = mark("This network makes no mistake on the test pictures.")
    MISTAKE_SHOWN = mark("Picture {position} of {count}")
    NO_SUCH_CONFUSION = mark("This network never takes a {true} for a {answer}.")
    NETWORK_IN_USE = mark("Network in use: {name}")
    CORRECTED = mark("Kept as a {digit}; {count} drawings are in your collection.")
    CORRECTION_NEEDS_DRAWING = mark("Only your own drawings can be corrected: draw a digit first.")
    SAVED = mark("Saved to {path}")
    HOLDS_NO_PICTURE = mark("That holds no picture: take a picture, or a picture’s file on this computer.")
    ONE_PICTURE_TAKEN = mark("One picture at a time: {name} is taken, and {others} more are not.")
    NO_ANSWER = mark("Nothing is recognized yet: press “Recognize” first.")
    NO_EXPERIMENT = mark("No experiment asks for a drawing: start one with handwriting on its page.")
    ASK_FOR_DIGIT = mark("Draw a {digit}, then press “Next” ({number} of {count}).")
    EXPERIMENT_DONE = mark("Experiment done: {right} of {count} right.")
    EXPERIMENT_KEPT = mark("An interrupted experiment is kept: {number} of {count} done.")
    LEARNING = mark("Learning from your drawings …")
    LEARNING_CANCELLED = mark("Learning was cancelled; the network is as it was.")
    LEARNED = mark("Learning is done: keep the new network or discard it.")
    TOO_FEW_DRAWINGS = mark("Learning needs {needed} corrected drawings; there are {count}.")
    KEPT = mark("The network that knows your hand is in use.")
    DISCARDED = mark("Discarded; the network is as it was.")
    FORGOTTEN = mark("Your drawings and the network that learned from them are deleted.")
    IMPORTED = mark("{count} new drawings were imported.")
    TRAINING_DONE = mark("Training is done: {accuracy} on pictures it has not trained on; kept as {name}.")
    TRAINING_STOPPED = mark("Training is stopped; “Resume” goes on from the last finished epoch.")
    TRYING = mark("You are trying the network in training.")
    NOT_TRYING = mark("The chosen network answers again.")
    SEEKING_PIXEL = mark("Trying each of the pixels …")
    FOOLED = mark("One pixel is enough: with row {row}, column {column} changed it reads a {answer} ({share} %).")
    NOT_FOOLED = mark("No single pixel fools it. Row {row}, column {column} hurts most: still a {answer} ({share} %).")
    UNEXPECTED = mark("Something unexpected happened ({kind}: {detail}); it is noted in {path}. The program goes on.")
    UNEXPECTED_NOT_NOTED = mark("Something unexpected happened ({kind}: {detail}). The program goes on.")
    FAILED = mark("That did not work: {reason}")


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
