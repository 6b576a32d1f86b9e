"""Recognize handwritten digits: a trained network together with the preparation of pictures.

Whether a picture shows a digit at all is said by a network of its own, whatever network reads the digit: how surely it
sees one is the sum of the digits' probabilities. How it is trained is in `refusal`.

What only strings, pages and ruled paper need is imported when it is used: `fastcnn predict` starts sooner without.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.arrays import Array
from fastcnn.checks import check_flag
from fastcnn.digits import CLASSES, SIDE_PX
from fastcnn.errors import FastcnnError
from fastcnn.handwriting.preparation import reasons
from fastcnn.handwriting.preparation.pictures import to_plane
from fastcnn.handwriting.preparation.prepare import Sight, look
from fastcnn.kernels.values import shown
from fastcnn.network.calibration import calibrated, calibrated_until_sure
from fastcnn.network.committee import Committee
from fastcnn.network.files import load_network
from fastcnn.network.sequential import Sequential
from fastcnn.recognition.answer import Recognition, digit_answer
from fastcnn.recognition.second_look import is_photograph, may_be_underlined, on_paper, with_margins
from fastcnn.recognition.widths import WIDTHS, joined, with_width
from fastcnn.zoo.bundled import DEFAULT_MODEL, WEIGHTS, check_reads_digits, load_classifier
from fastcnn.zoo.networks import REFUSAL

if TYPE_CHECKING:
    from fastcnn.handwriting.paper.page import PageInk
    from fastcnn.handwriting.preparation.pictures import Picture
    from fastcnn.handwriting.preparation.planes import Plane
    from fastcnn.network.committee import Network
    from fastcnn.recognition.digit_string import DigitString
    from fastcnn.recognition.page.tokens import Page, Token

__all__ = ["Recognizer"]

# Of a page's mean confidence: a page that is read worse is tried on its head, and on its sides. Upright pages have 0.94
# and more, those on their heads 0.55 to 0.89, and those on their sides up to 0.63.
ON_HEAD_BELOW, ON_SIDE_BELOW = 0.92, 0.7
HEAD_GAIN, SIDE_GAIN = 0.05, 0.15  # of the mean confidence, for which a page is turned
POOR = 0.98  # confidence times score: below it, as for 7 of 100 digits, a picture is looked at again
LINELESS = 0.95  # the same: such an answer without the line under it counts, however sure the one with the line is
UNREAD = 0.1  # the same: what stands on a line is not read without it if it is read with it
SURE_VIEW = 0.99  # of a mark on a page: of 4,500 so sure at the first view, five views changed no digit
THRESHOLD = 0.5  # of a picture's score: below it there is no digit
REFUSING = WEIGHTS / f"{REFUSAL}.safetensors"


@cache
def refusing_network() -> Sequential:
    """The network in the package that says whether it is a digit at all, read once.

    Raises
    ------
    FastcnnError
        If its file is missing, damaged or of another kind of network.
    """
    network = load_network(REFUSING)
    if not isinstance(network, Sequential) or network.input_shape != (1, 28, 28) or network.output_shape[0] <= CLASSES:
        raise FastcnnError("{path} holds another network; install fastcnn again", path=REFUSING)
    return network


def digit_scores(network: Sequential, images: Array) -> Array:
    """How surely each picture is a digit.

    Parameters
    ----------
    network : of more than ten classes
    images : (N, 1, 28, 28), prepared; dtypes as for `Sequential.forward`

    Returns
    -------
    (N,) float64, 0 to 1
    """
    scores: Array = calibrated(network, images).astype(np.float64)[:, :CLASSES].sum(axis=1)
    return np.minimum(scores, 1.0)


class Recognizer:
    """A trained network with the preparation of pictures.

    Parameters
    ----------
    model : the name of a bundled network, the path of a weights file (see `zoo.bundled.find_model`), or a network or
        committee object
    refuse : give the digit None to a picture that looks like no digit. A second network decides; it is the same for all
        models, and also refuses about one drawn digit in 200. If False, only a blank picture gets None

    Raises
    ------
    TypeError
        If an argument is of another type.
    FastcnnError
        If there is no such model, or its file is missing or damaged or holds another kind of network.
    """

    def __init__(self, model: str | os.PathLike[str] | Network = DEFAULT_MODEL, *, refuse: bool = True) -> None:
        self.refuse = check_flag("refuse", refuse)
        if isinstance(model, Sequential | Committee):
            check_reads_digits(model, "this model")
            self.network: Network = model
        elif isinstance(model, str | os.PathLike):
            self.network = load_classifier(model)
        else:
            raise TypeError(f"model must be a network, or the name or path of one, not {shown(model)}")
        self._judge = refusing_network()

    def __repr__(self) -> str:
        return f"Recognizer({self.network.name or 'a network'}, refuse={self.refuse})"

    def _repr_html_(self) -> str:
        """For notebooks: its network."""
        return f"<div>{escape(repr(self))}{self.network._repr_html_()}</div>"

    def recognize(self, image: Picture) -> Recognition:
        """Recognize one digit.

        Parameters
        ----------
        image : Pillow image, or uint8 array (H, W), (H, W, 3) or (H, W, 4)
            Any size; light ink on dark or dark ink on light.

        Raises
        ------
        TypeError, ValueError
            If `image` is something else.

        The digit is None for a blank picture and for a picture that shows no digit.
        """
        return self.recognize_many([image])[0]

    def recognize_many(self, images: Iterable[Picture]) -> list[Recognition]:
        """Recognize one digit in each picture; arguments and errors as for `recognize`."""
        array_like = hasattr(images, "shape")
        if not isinstance(images, Iterable) or (array_like and not (isinstance(images, np.ndarray) and images.ndim)):
            raise TypeError(f"images must be a list of pictures, not {shown(images)}")
        planes = [to_plane(picture) for picture in images]
        sights = [look(plane) for plane in planes]
        answers = self._answer(sights)
        self._look_at_paper(planes, sights, answers)
        poor = [at for at, answer in enumerate(answers) if _is_poor(answer)]
        tight = [(at, sight) for at in poor for sight in with_margins(planes[at])]
        for (at, _), answer in zip(tight, self._answer([sight for _, sight in tight]), strict=True):
            if _sureness(answer) > _sureness(answers[at]):
                answers[at] = answer
        poor = [at for at, answer in enumerate(answers) if _may_be_stretched(planes[at], answer)]
        photographs = [is_photograph(planes[at]) for at in poor]
        for at, answer in zip(poor, self._with_other_widths([answers[at] for at in poor], photographs), strict=True):
            answers[at] = answer
        return answers

    def _look_at_paper(self, planes: Sequence[Plane], sights: Sequence[Sight], answers: list[Recognition]) -> None:
        """Put better answers in the place of those that lines, frames and the like on real paper may have spoilt."""
        doubtful = [
            at
            for at, answer in enumerate(answers)
            if sights[at].ruled or _sureness(answer) < POOR or may_be_underlined(answer.input)
        ]
        found = [(at, seen) for at in doubtful if (seen := on_paper(planes[at], sights[at].ruled)) is not None]
        for (at, seen), answer in zip(found, self._answer([seen.sight for _, seen in found]), strict=True):
            # What seemed ruled may be a digit cropped tightly, whose strokes go from edge to edge.
            no_line = seen.underlined and _sureness(answer) >= LINELESS
            if sights[at].reason or no_line or _sureness(answer) > _sureness(answers[at]):
                answers[at] = answer
        others = [
            (at, seen.other)
            for at, seen in found
            if seen.other is not None and _sureness(answers[at]) < (LINELESS if seen.underlined else UNREAD)
        ]
        for (at, _), answer in zip(others, self._answer([sight for _, sight in others]), strict=True):
            if _sureness(answer) > _sureness(answers[at]):
                answers[at] = answer

    def _with_other_widths(self, answers: Sequence[Recognition], photographs: Sequence[bool]) -> list[Recognition]:
        """Each answer joined with those for its ink made narrower and wider."""
        others = iter(self._read_fields([with_width(answer.input, times) for answer in answers for times in WIDTHS]))
        found = []
        for answer, photograph in zip(answers, photographs, strict=True):
            probabilities, score = joined(answer, [next(others) for _ in WIDTHS], careful=photograph)
            sight = Sight(answer.input, several=answer.several, lines=answer.lines)
            found.append(self._recognition(probabilities, score, sight))
        return found

    def recognize_string(self, image: Picture) -> DigitString:
        """Recognize the digits of one picture, from left to right; arguments and errors as for `recognize`.

        Digits may touch, and a digit may be broken; see `strings`. The answer is a list with a text, a confidence and
        notes; see `DigitString`. It is empty for a blank picture. A part that is no digit has the digit None.
        """
        from fastcnn.recognition.digit_string import SURE, DigitString
        from fastcnn.recognition.overlaps import may_overlap, read_overlaps
        from fastcnn.recognition.strings import find_string, ink_of, way

        ink = ink_of(image)
        if ink is None:
            return DigitString([], 0.0, ())
        candidates, notes = find_string(ink)
        answers, share, places = way(candidates, self._read_fields([candidate.field for candidate in candidates]))
        found = DigitString(answers, share, notes)
        if found.confidence >= SURE or not may_overlap(answers, places):
            return found
        finer = read_overlaps(ink, self._read_fields)
        return found if finer is None else DigitString(*finer[:2], notes)

    def read(self, image: Picture) -> Page:
        """Read a page: lines of digits and signs, on any paper; arguments and errors as for `recognize`.

        A sheet on a table is straightened; rules, squares, frames, underlines and shadows are removed; a page that lies
        on its side or on its head is turned. The answer has lines of tokens, and `str` gives its text; see `Page`.
        """
        from fastcnn.handwriting.paper.page import find_page
        from fastcnn.recognition.page.tokens import Page
        from fastcnn.recognition.reading import quality, read_ink

        page = find_page(image)
        if page.ink is None:
            return Page(reason=page.reason)
        lines = read_ink(page.ink, self._read_marks)
        if quality(lines) < ON_HEAD_BELOW:
            page, lines = self._turned(page, lines)
        if not lines:
            return Page(reason=reasons.NO_LINE)
        return Page(_in_picture(lines, page))

    def _turned(self, page: PageInk, lines: list[list[Token]]) -> tuple[PageInk, list[list[Token]]]:
        """The page and its lines as they are, or turned by quarters if that is read much better."""
        from fastcnn.handwriting.paper.page import quarter_turned
        from fastcnn.recognition.reading import quality, read_ink

        before = quality(lines)
        tried = [(2, HEAD_GAIN)] + ([(1, SIDE_GAIN), (3, SIDE_GAIN)] if before < ON_SIDE_BELOW else [])
        best, most = (page, lines), before
        for quarters, gain in tried:
            turned = quarter_turned(page, quarters)
            assert turned.ink is not None
            found = read_ink(turned.ink, self._read_marks)
            if quality(found) > max(most, before + gain):
                best, most = (turned, found), quality(found)
        return best

    def _read_fields(self, fields: Sequence[npt.NDArray[np.float32]]) -> list[Recognition]:
        return self._answer([Sight(field) for field in fields])

    def _read_marks(self, fields: Sequence[npt.NDArray[np.float32]]) -> list[Recognition]:
        """What stands on a page: most of it is sure at the first view."""
        return self._answer([Sight(field) for field in fields], SURE_VIEW)

    def _answer(self, sights: Sequence[Sight], sure: float | None = None) -> list[Recognition]:
        """What the networks make of pictures; all views of each, or only the first where that is so sure."""
        inked = [sight.field for sight in sights if sight.field is not None]
        if not inked:
            return [_blank(sight) for sight in sights]
        batch = np.stack(inked)[:, np.newaxis]
        network = self.network
        found = calibrated(network, batch) if sure is None else calibrated_until_sure(network, batch, sure)
        probabilities = found.astype(np.float32, copy=False)
        answers = zip(probabilities, digit_scores(self._judge, batch), strict=True)
        return [_blank(sight) if sight.field is None else self._recognition(*next(answers), sight) for sight in sights]

    def _recognition(self, probabilities: npt.NDArray[np.float32], score: float, sight: Sight) -> Recognition:
        assert sight.field is not None
        shares = probabilities.copy()  # not a view that keeps those of all pictures
        reason = sight.reason or (reasons.NO_DIGIT if score < THRESHOLD else None)
        if self.refuse and reason:
            return Recognition(
                None,
                0.0,
                shares,
                sight.field,
                digit_score=float(score),
                reason=reason,
                several=sight.several,
                lines=sight.lines,
            )
        return digit_answer(shares, sight.field, float(score), several=sight.several, lines=sight.lines)


def _sureness(answer: Recognition) -> float:
    return answer.confidence * answer.digit_score


def _is_poor(answer: Recognition) -> bool:
    """Whether an answer may be wrong, and is not refused because of what else is in the picture."""
    return answer.reason in (None, reasons.NO_DIGIT) and _sureness(answer) < POOR


def _may_be_stretched(plane: Plane, answer: Recognition) -> bool:
    """Whether other widths may give a better answer. A picture of MNIST's size has the form that networks know best."""
    return _is_poor(answer) and plane.shape != (SIDE_PX, SIDE_PX)


def _blank(sight: Sight) -> Recognition:
    uniform = np.full(CLASSES, 1 / CLASSES, np.float32)
    return Recognition(None, 0.0, uniform, np.zeros((SIDE_PX, SIDE_PX), np.float32), reason=sight.reason)


def _in_picture(lines: Sequence[Sequence[Token]], page: PageInk) -> list[list[Token]]:
    """The lines with the tokens' boxes in the picture that the page was found in."""
    boxes = np.array([token.box for line in lines for token in line], np.float64)
    x, y = boxes[:, [0, 2, 2, 0]], boxes[:, [1, 1, 3, 3]]  # (tokens, corners)
    x, y, scale = np.tensordot(page.view, np.stack([x, y, np.ones_like(x)]), 1)
    x, y = np.clip(x / scale, 0, page.size[0]), np.clip(y / scale, 0, page.size[1])
    found = np.stack([x.min(axis=1), y.min(axis=1), np.ceil(x.max(axis=1)), np.ceil(y.max(axis=1))], axis=1)
    rest = iter(found.astype(np.int64).tolist())
    return [[replace(token, box=tuple(next(rest))) for token in line] for line in lines]
