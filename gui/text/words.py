"""The words for the messages of `logic`, in the language in use."""

from __future__ import annotations

from fastcnn.errors import Sentence
from fastcnn.gui.logic.networks import Facts
from fastcnn.gui.logic.notices import Message, Notice
from fastcnn.gui.text import language
from fastcnn.gui.text.failures import REFUSALS, failure_words
from fastcnn.gui.text.language import tr
from fastcnn.recognition.answer import Recognition


def percent(share: float) -> str:
    """A fraction as a percentage with two decimals. A fraction below 1 is never shown as 100."""
    shown = min(share, 0.9999) if share < 1 else share
    return f"{100 * shown:.2f}%"


def accuracy_words(right: int, count: int, interval: tuple[float, float]) -> str:
    """An accuracy with its 95% interval."""
    words = tr("Accuracy {accuracy} ({right} of {count}); 95% interval {low} to {high}")
    low, high = map(percent, interval)
    return words.format(accuracy=percent(right / count), right=right, count=count, low=low, high=high)


def facts_words(facts: Facts | None) -> str:
    """Size, accuracy and speed of a network, as far as they are known."""
    if facts is None:
        return ""
    parts = [
        tr("{parameters} parameters, {size} MB").format(
            parameters=f"{facts.parameters:,}", size=f"{facts.file_bytes / 1e6:.1f}"
        )
    ]
    if facts.accuracy is not None:
        parts.append(tr("{accuracy} right on MNIST").format(accuracy=percent(facts.accuracy)))
    if facts.images_per_second is not None and facts.picture_s is not None:
        speed = tr("{speed} pictures/s, one alone {time} ms")
        parts.append(speed.format(speed=f"{facts.images_per_second:,.0f}", time=f"{1000 * facts.picture_s:.2f}"))
    else:
        parts.append(tr("Ctrl+I measures it"))
    return "; ".join(parts)


def verdict_words(answer: Recognition, *, unfinished: bool = False) -> str:
    """The sentence under the digit; empty where there is nothing to add. A stroke under way may become a digit yet."""
    if answer.several and not unfinished:
        return tr("several digits? Draw one at a time")
    if answer.digit is None:
        if answer.reason in REFUSALS and not unfinished:
            return language.tr(answer.reason)
        return tr("no digit yet") if unfinished else tr("this is no digit")
    if answer.unsure:
        return tr("unsure: {first} or {second}").format(first=answer.digit, second=answer.alternative)
    return ""


def _templates() -> dict[Notice, str]:
    return {
        Notice.NOTHING_DRAWN: tr("Nothing is drawn yet: draw a digit on the black field."),
        Notice.NO_PICTURE: tr("No picture is shown yet: press “Random picture”."),
        Notice.LOADING: tr("Loading the test pictures …"),
        Notice.PICTURE_SHOWN: tr("Test picture {number}"),
        Notice.MEASURING: tr("Reading all 10,000 test pictures …"),
        Notice.NO_MISTAKES: tr("This network makes no mistake on the test pictures."),
        Notice.MISTAKE_SHOWN: tr("Picture {position} of {count}"),
        Notice.NO_SUCH_CONFUSION: tr("This network never takes a {true} for a {answer}."),
        Notice.NETWORK_IN_USE: tr("Network in use: {name}"),
        Notice.CORRECTED: tr("Kept as a {digit}; {count} drawings are in your collection."),
        Notice.CORRECTION_NEEDS_DRAWING: tr("Only your own drawings can be corrected: draw a digit first."),
        Notice.SAVED: tr("Saved to {path}"),
        Notice.HOLDS_NO_PICTURE: tr("That holds no picture: take a picture, or a picture’s file on this computer."),
        Notice.ONE_PICTURE_TAKEN: tr("One picture at a time: {name} is taken, and {others} more are not."),
        Notice.NO_ANSWER: tr("Nothing is recognized yet: press “Recognize” first."),
        Notice.NO_EXPERIMENT: tr("No experiment asks for a drawing: start one with handwriting on its page."),
        Notice.ASK_FOR_DIGIT: tr("Draw a {digit}, then press “Next” ({number} of {count})."),
        Notice.EXPERIMENT_DONE: tr("Experiment done: {right} of {count} right."),
        Notice.EXPERIMENT_KEPT: tr("An interrupted experiment is kept: {number} of {count} done."),
        Notice.LEARNING: tr("Learning from your drawings …"),
        Notice.LEARNING_CANCELLED: tr("Learning was cancelled; the network is as it was."),
        Notice.LEARNED: tr("Learning is done: keep the new network or discard it."),
        Notice.TOO_FEW_DRAWINGS: tr("Learning needs {needed} corrected drawings; there are {count}."),
        Notice.KEPT: tr("The network that knows your hand is in use."),
        Notice.DISCARDED: tr("Discarded; the network is as it was."),
        Notice.FORGOTTEN: tr("Your drawings and the network that learned from them are deleted."),
        Notice.IMPORTED: tr("{count} new drawings were imported."),
        Notice.TRAINING_DONE: tr("Training is done: {accuracy} on pictures it has not trained on; kept as {name}."),
        Notice.TRAINING_STOPPED: tr("Training is stopped; “Resume” goes on from the last finished epoch."),
        Notice.TRYING: tr("You are trying the network in training."),
        Notice.NOT_TRYING: tr("The chosen network answers again."),
        Notice.UNEXPECTED: tr(
            "Something unexpected happened ({kind}: {detail}); it is noted in {path}. The program goes on."
        ),
        Notice.UNEXPECTED_NOT_NOTED: tr("Something unexpected happened ({kind}: {detail}). The program goes on."),
        Notice.FAILED: tr("That did not work: {reason}"),
    }


def notice_words(told: Message) -> str:
    """The sentence for a message."""
    values = dict(told.values)
    if isinstance(reason := values.get("reason"), Sentence):
        values["reason"] = failure_words(reason)
    return _templates()[told.notice].format(**values)
