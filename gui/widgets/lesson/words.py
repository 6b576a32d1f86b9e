"""The words of the lesson's page, in the language in use."""

from __future__ import annotations

from math import prod

from fastcnn.gui.logic.lesson.colors import Scale
from fastcnn.gui.logic.lesson.shown import Network, Place
from fastcnn.gui.logic.lesson.stages import Kind, Stage
from fastcnn.gui.text.language import tr


def kind_words(kind: Kind) -> str:
    """The name of what happens at a station."""
    return {
        Kind.PICTURE: tr("Picture"),
        Kind.CONVOLUTION: tr("Convolution"),
        Kind.RELU: tr("ReLU"),
        Kind.MAX_POOL: tr("Max pooling"),
        Kind.MEAN_POOL: tr("Mean pooling"),
        Kind.NORM: tr("Normalization"),
        Kind.AFFINE: tr("Affine"),
        Kind.SUM: tr("Sum"),
        Kind.CONCAT: tr("Side by side"),
        Kind.OTHER: tr("Layer"),
        Kind.SOFTMAX: tr("Softmax"),
    }[kind]


def size_words(stage: Stage, last_affine: bool = False) -> str:
    """The size of what comes out of a station."""
    shape = stage.out.shape
    if stage.kind is Kind.PICTURE and shape[0] == 1:
        return f"{shape[1]} × {shape[2]}"
    if stage.kind is Kind.SOFTMAX:
        return tr("{count} probabilities").format(count=prod(shape))
    if last_affine:
        return tr("{count} scores").format(count=prod(shape))
    return " × ".join(map(str, shape))


def sentence_of(kind: Kind) -> str:
    """One sentence about what happens at a station, and what to try."""
    return {
        Kind.PICTURE: tr("Each square is a number from 0 (black) to 1 (white). Click a square to flip it."),
        Kind.CONVOLUTION: tr(
            "The output is large where orange lies on bright pixels. Move the frame on the picture, or press Play."
        ),
        Kind.RELU: tr(
            "What is below zero becomes zero; the others stay. So a map shows where the filter found its pattern."
        ),
        Kind.MAX_POOL: tr("Of each window only the largest number goes on. If a digit moves a little, little changes."),
        Kind.MEAN_POOL: tr("Each number is the mean of a window: the map becomes smaller and smoother."),
        Kind.NORM: tr("The numbers of each map are shifted and scaled: then none is too large or too small."),
        Kind.AFFINE: tr("Each input counts with its weight: orange speaks for this number, blue against it."),
        Kind.SUM: tr("The way through the layers and the short way are added, number by number."),
        Kind.CONCAT: tr("The maps of all branches are put side by side; no number changes."),
        Kind.OTHER: tr("This layer changes the numbers of the one before it."),
        Kind.SOFTMAX: tr("exp(score), divided by the sum of all: probabilities that add up to 100%."),
    }[kind]


def scale_words(scale: Scale) -> str:
    """Which numbers share one scale of colours."""
    return {
        Scale.OWN: tr("Colours: map"),
        Scale.LAYER: tr("Colours: layer"),
        Scale.ALL: tr("Colours: all"),
    }[scale]


def unit_words(stage: Stage, unit: int) -> str:
    """The number of a filter, map or output among the others, counted from 1; outputs of a class by their digit."""
    count = len(stage.out)
    if stage.kind is Kind.CONVOLUTION:
        return tr("Filter {number} of {count}").format(number=unit + 1, count=count)
    if stage.out.ndim == 3:
        return tr("Map {number} of {count}").format(number=unit + 1, count=count)
    return tr("Output {number} of {count}").format(number=unit + 1, count=count)


def place_words(stage: Stage, place: Place) -> str:
    """Which number of a station is shown."""
    if stage.kind is Kind.PICTURE:
        return tr("The picture")
    if stage.kind is Kind.SOFTMAX:
        return tr("From scores to probabilities")
    unit = unit_words(stage, place.unit)
    if stage.out.ndim != 3:
        return unit
    return tr("{unit}, at row {row}, column {column}").format(unit=unit, row=place.row + 1, column=place.column + 1)


def network_words(network: Network, *, calibrated: bool) -> str:
    """Why the window's own result may differ: it is a committee's; and, if that is asked for, it is calibrated."""
    words = []
    if network.members > 1:
        words.append(tr("This is the first of the committee's {count} members.").format(count=network.members))
    if calibrated and network.temperature != 1:
        sentence = tr(
            "The confidence next to the answer differs: it divides the scores by {temperature} first (calibration)."
        )
        words.append(sentence.format(temperature=f"{network.temperature:.2f}"))
    return " ".join(words)


def keys_words(stage: Stage) -> str:
    """The keys that move what is open, and two for the whole window."""
    if stage.kind is Kind.PICTURE:
        ours = [tr("← → ↑ ↓ another pixel"), tr("Return flips it")]
    elif stage.out.ndim != 3:
        ours = [tr("← → ↑ ↓ another output")]
    else:
        maps = tr("↑ ↓ another filter") if stage.kind is Kind.CONVOLUTION else tr("↑ ↓ another map")
        ours = [tr("← → step"), maps]
    rest = [tr("Space plays"), tr("Page ↑ ↓ layer"), tr("F11 full screen"), tr("Ctrl + larger")]
    return "\u2002".join([*ours, *rest])
