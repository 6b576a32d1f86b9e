"""The words for the messages of `logic`, in the language in use."""

from __future__ import annotations

import math
from collections.abc import Mapping

from fastcnn.errors import Sentence
from fastcnn.gui.logic.hand import NAME as HAND_NAME
from fastcnn.gui.logic.networks import Facts, Tried
from fastcnn.gui.logic.notices import Message, Notice
from fastcnn.gui.logic.shelf import short_name
from fastcnn.gui.text import language
from fastcnn.gui.text.failures import REFUSALS, failure_words
from fastcnn.gui.text.language import tr
from fastcnn.recognition.answer import Recognition
from fastcnn.zoo.networks import COMMITTEE, DEFAULT, PAPER

mark = Sentence
EIGHT = 8  # it begins with a vowel
NETWORKS = {
    DEFAULT: mark("Deep CNN"),
    PAPER: mark("Paper's CNN"),
    COMMITTEE: mark("Committee of five"),
    HAND_NAME: mark("Knows my writing"),
}


def model_words(model: str, accuracy: float | None = None) -> str:
    """The name of a network for a list, with its accuracy if that is known."""
    name = short_name(model)
    base, _, number = name.rpartition("-") if name.startswith(f"{HAND_NAME}-") else (name, "", "")
    if base in NETWORKS:
        name = f"{language.tr(NETWORKS[base])} {number}".strip()
    return name if accuracy is None else f"{name} · {100 * min(accuracy, 0.9999 if accuracy < 1 else 1):.2f} %"


def percent(share: float) -> str:
    """A fraction as a percentage with two decimals. A fraction below 1 is never shown as 100."""
    shown = min(share, 0.9999) if share < 1 else share
    return f"{100 * shown:.2f}%"


def accuracy_words(right: int, count: int, interval: tuple[float, float]) -> str:
    """An accuracy with its 95% interval."""
    words = tr("Accuracy {accuracy} ({right} of {count}); 95% interval {low} to {high}")
    low, high = map(percent, interval)
    return words.format(accuracy=percent(right / count), right=right, count=count, low=low, high=high)


def left_words(seconds: float | None) -> str:
    """The time that a work still takes; empty while it is not known."""
    if seconds is None:
        return ""
    if seconds < 55:
        return tr("about {seconds} s left").format(seconds=5 * math.ceil(seconds / 5))
    return tr("about {minutes} min left").format(minutes=math.ceil(seconds / 60))


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


def tried_words(tried: Tried) -> str:
    """What is tried: the network's name, how far it is, its size and its accuracy as far as it is known."""
    plural = counting_words({"count": tried.epochs})["s"]
    parts = [
        tr("Trying {name} after {count} epoch{s}: {parameters} parameters").format(
            name=tried.name, count=tried.epochs, s=plural, parameters=f"{tried.parameters:,}"
        )
    ]
    if tried.accuracy is not None:
        parts.append(tr("{accuracy} right on pictures not trained on").format(accuracy=percent(tried.accuracy)))
    if tried.measured is not None:
        parts.append(tr("{accuracy} right on MNIST").format(accuracy=percent(tried.measured)))
    return "; ".join(parts)


def verdict_words(answer: Recognition, *, unfinished: bool = False, several: str = "") -> str:
    """The sentence under the digit; empty where there is nothing to add. A stroke under way may become a digit yet.

    `several` are the digits that the string reader found.
    """
    if several:
        return tr("{digits}, read as several digits").format(digits=several)
    if answer.several and not unfinished:
        return tr("several digits? Draw one at a time")
    if answer.digit is None:
        if answer.reason in REFUSALS and not unfinished:
            return language.tr(answer.reason)
        return tr("no digit yet") if unfinished else tr("this is no digit")
    if answer.unsure:
        return tr("unsure: {first} or {second}").format(first=answer.digit, second=answer.alternative)
    return ""


def counting_words(values: Mapping[str, object]) -> dict[str, str]:
    """The parts of English sentences that depend on numbers: a_digit is "an 8", and {s} {are} are those of a `count`.

    A translation may leave them out.
    """
    words = {f"a_{name}": f"{'an' if value == EIGHT else 'a'} {value}" for name, value in values.items()}
    one = values.get("count") == 1
    return words | {"s": "" if one else "s", "are": "is" if one else "are", "were": "was" if one else "were"}


def notice_words(told: Message) -> str:
    """The sentence for a message."""
    values = told.values | counting_words(told.values)
    if told.notice in (Notice.NETWORK_IN_USE, Notice.KEPT):
        values["name"] = model_words(str(values["name"]))
    if isinstance(reason := values.get("reason"), Sentence):
        values["reason"] = failure_words(reason)
    return language.tr(told.notice.value).format(**values)
