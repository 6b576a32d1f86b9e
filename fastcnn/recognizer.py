"""Recognize handwritten digits: a trained network together with the preparation of pictures.

Which networks lie in the package is said here too, and how a user's word for a network becomes a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn import reasons, refusal
from fastcnn.calibration import calibrated
from fastcnn.digit_string import DigitString
from fastcnn.errors import FastcnnError, UsageError
from fastcnn.files import load_network
from fastcnn.preprocess import SIDE_PX, Sight, look
from fastcnn.strings import choose, find_string, share_of_count

if TYPE_CHECKING:
    from fastcnn.committee import Network
    from fastcnn.pictures import Picture

CLASSES = 10
LEAST_SCORE = 0.3  # in a string, a lower one counts as much; without a limit letters would be cut to pieces like digits
UNSURE_GAP = 0.3  # of probability, between the first digit and the second
WEIGHTS = Path(__file__).resolve().parent / "weights"
BUNDLED = ("default", "paper", "committee")
DEFAULT = "default"


class UnknownModelError(UsageError, ValueError):
    """A name that is neither a bundled network nor looks like a file's."""


@dataclass(frozen=True, eq=False)
class Recognition:
    """What a network made of one picture."""

    digit: int | None  # None where the picture is no digit
    confidence: float  # the digit's probability, 0 to 1; 0 without a digit
    probabilities: npt.NDArray[np.float32]  # (10,), sums to 1, also of what is no digit; all equal on a blank picture
    input: npt.NDArray[np.float32]  # (28, 28), 0 to 1: what the network saw
    alternative: int | None = None  # the second most probable digit; None without a digit
    unsure: bool = False  # whether the two lie so close together that both should be named
    digit_score: float = 0.0  # how surely it is a digit at all, 0 to 1; below 0.5 it is refused; 0 on a blank picture
    reason: str | None = None  # why there is no digit, a sentence of `reasons`; None with a digit
    several: bool = False  # whether digits seem to stand side by side: `recognize_string` reads those


def find_model(model: str | os.PathLike[str]) -> tuple[str, Path]:
    """The name and the file of a network.

    Parameters
    ----------
    model : a bundled network's name, or the path of a weights file

    Raises
    ------
    UnknownModelError
        If it is none of these; a path has a folder or a suffix, or the file exists.
    """
    name = os.fspath(model)
    if name in BUNDLED:
        return name, WEIGHTS / f"{name}.safetensors"
    path = Path(name)
    if path.parent == Path() and not path.suffix and not path.exists():
        known = ", ".join(BUNDLED)
        raise UnknownModelError(f"there is no model {name!r}; give one of {known}, or the path of a weights file")
    return name, path


def load_classifier(model: str | os.PathLike[str]) -> Network:
    """Load a network or a committee that takes 28 x 28 pictures and knows ten digits, by name or path.

    Raises
    ------
    FastcnnError
        If the file is missing or damaged, or its network takes or gives something else.
    """
    _, path = find_model(model)
    network = load_network(path)
    if network.input_shape != (1, SIDE_PX, SIDE_PX) or network.output_shape != (CLASSES,):
        raise FastcnnError(
            f"{path} holds a network from {network.input_shape} to {network.output_shape}, but digits need "
            f"(1, {SIDE_PX}, {SIDE_PX}) to ({CLASSES},); give the weights of a digit network"
        )
    return network


class Recognizer:
    """A trained network with its picture preparation.

    Parameters
    ----------
    model : the name of a bundled network, or the path of a weights file
    refuse : whether what looks like no digit is given the digit None, by a second network that is the same for all
        models; about one digit in 300 is refused too. If False, only a blank picture is.

    Raises
    ------
    FastcnnError
        If there is no such model, or its file is missing, damaged or of another kind of network.
    """

    def __init__(self, model: str | os.PathLike[str] = "default", *, refuse: bool = True) -> None:
        self.network = load_classifier(model)
        self.refuse = refuse
        self._judge = refusal.bundled_network()

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

        A blank picture gives the digit None, and so does what is no digit.
        """
        return self.recognize_many([image])[0]

    def recognize_many(self, images: Iterable[Picture]) -> list[Recognition]:
        """Recognize one digit in each picture; arguments and errors as for `recognize`."""
        return self._answer([look(image) for image in images])

    def recognize_string(self, image: Picture) -> DigitString:
        """Recognize the digits of one picture, from left to right; arguments and errors as for `recognize`.

        They may touch, and a digit may be broken; see `strings`. The answer is a list with a text, a confidence and
        notes; see `DigitString`. A blank picture has no digits; what is no digit has the digit None.
        """
        candidates, notes = find_string(image)
        answers = self._answer([Sight(candidate.field) for candidate in candidates])
        # What is cut wrongly often looks like no digit: 3 to 5 of 100 strings more are read right where digits touch.
        shares = [answer.probabilities * np.float32(max(answer.digit_score, LEAST_SCORE)) for answer in answers]
        chosen = choose(candidates, shares)
        share = share_of_count(len(chosen), candidates, shares) if chosen else 0.0
        return DigitString([answers[index] for index in chosen], share, notes)

    def _answer(self, sights: Sequence[Sight]) -> list[Recognition]:
        inked = [sight.field for sight in sights if sight.field is not None]
        batch = np.stack(inked)[:, np.newaxis] if inked else np.empty((0, 1, SIDE_PX, SIDE_PX), np.float32)
        probabilities = calibrated(self.network, batch).astype(np.float32, copy=False)
        answers = zip(probabilities, refusal.digit_scores(self._judge, batch), strict=True)
        return [_blank() if sight.field is None else self._recognition(*next(answers), sight) for sight in sights]

    def _recognition(self, probabilities: npt.NDArray[np.float32], score: float, sight: Sight) -> Recognition:
        assert sight.field is not None
        shares = probabilities.copy()  # not a view that keeps those of all pictures
        reason = sight.reason or (reasons.NO_DIGIT if score < refusal.THRESHOLD else None)
        if self.refuse and reason:
            return Recognition(
                None, 0.0, shares, sight.field, digit_score=float(score), reason=reason, several=sight.several
            )
        digit, second = (int(index) for index in np.argsort(-shares, kind="stable")[:2])
        unsure = bool(shares[digit] - shares[second] < UNSURE_GAP)
        confidence = float(shares[digit])
        return Recognition(digit, confidence, shares, sight.field, second, unsure, float(score), several=sight.several)


def _blank() -> Recognition:
    uniform = np.full(CLASSES, 1 / CLASSES, np.float32)
    return Recognition(None, 0.0, uniform, np.zeros((SIDE_PX, SIDE_PX), np.float32), reason=reasons.BLANK)
