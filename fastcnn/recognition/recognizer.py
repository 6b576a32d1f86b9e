"""Recognize handwritten digits with a trained network and the preparation of pictures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.checks import check_flag
from fastcnn.digits import CLASSES, SIDE_PX
from fastcnn.handwriting.preparation import reasons
from fastcnn.handwriting.preparation.prepare import Sight, look
from fastcnn.kernels.values import shown
from fastcnn.network.calibration import calibrated
from fastcnn.network.committee import Committee
from fastcnn.network.sequential import Sequential
from fastcnn.recognition import refusal
from fastcnn.recognition.answer import Recognition, digit_answer
from fastcnn.recognition.digit_string import DigitString
from fastcnn.recognition.strings import choose, find_string, share_of_count
from fastcnn.zoo.bundled import DEFAULT_MODEL, check_reads_digits, load_classifier

if TYPE_CHECKING:
    from fastcnn.handwriting.preparation.pictures import Picture
    from fastcnn.network.committee import Network

LEAST_SCORE = 0.3  # in a string, a lower one counts as much; without a limit letters would be cut to pieces like digits


class Recognizer:
    """A trained network with the preparation of pictures.

    Parameters
    ----------
    model : the name of a bundled network, the path of a weights file (see `zoo.bundled.find_model`), or a network or
        committee object
    refuse : give the digit None to a picture that looks like no digit. A second network decides; it is the same for all
        models, and also refuses about one digit in 300. If False, only a blank picture gets None

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

        The digit is None for a blank picture and for a picture that shows no digit.
        """
        return self.recognize_many([image])[0]

    def recognize_many(self, images: Iterable[Picture]) -> list[Recognition]:
        """Recognize one digit in each picture; arguments and errors as for `recognize`."""
        array_like = hasattr(images, "shape")
        if not isinstance(images, Iterable) or (array_like and not (isinstance(images, np.ndarray) and images.ndim)):
            raise TypeError(f"images must be a list of pictures, not {shown(images)}")
        return self._answer([look(image) for image in images])

    def recognize_string(self, image: Picture) -> DigitString:
        """Recognize the digits of one picture, from left to right; arguments and errors as for `recognize`.

        Digits may touch, and a digit may be broken; see `strings`. The answer is a list with a text, a confidence and
        notes; see `DigitString`. It is empty for a blank picture. A part that is no digit has the digit None.
        """
        candidates, notes = find_string(image)
        answers = self._answer([Sight(candidate.field) for candidate in candidates])
        # A wrong cut often gives something that looks like no digit. Where digits touch, this factor makes 3 to 5 more
        # of 100 strings right.
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
        shares = probabilities.copy()  # a view would keep the probabilities of all pictures in memory
        reason = sight.reason or (reasons.NO_DIGIT if score < refusal.THRESHOLD else None)
        if self.refuse and reason:
            return Recognition(
                None, 0.0, shares, sight.field, digit_score=float(score), reason=reason, several=sight.several
            )
        return digit_answer(shares, sight.field, float(score), several=sight.several)


def _blank() -> Recognition:
    uniform = np.full(CLASSES, 1 / CLASSES, np.float32)
    return Recognition(None, 0.0, uniform, np.zeros((SIDE_PX, SIDE_PX), np.float32), reason=reasons.BLANK)
