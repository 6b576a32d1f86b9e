"""What was read in a picture of several digits: a list of answers that is also a text with a confidence."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING

from fastcnn.recognition.signs import SIGNS, UNSURE

if TYPE_CHECKING:
    from fastcnn.recognition.answer import Recognition

SURE = 0.8  # of strings at a lower confidence one in three is right


class DigitString(list["Recognition"]):
    """The answers for the digits of a string, from left to right.

    Attributes
    ----------
    text : one character a digit, "?" for what is no digit
    confidence : how surely all of it is right, 0 to 1: the probability of this number of digits times those of the
        digits; 0 where something is no digit, and where there is none
    notes : codes: "several_lines" where the ink lies in lines above one another, "signs" where something between the
        digits is a sign or no digit, "unsure" where the confidence is below SURE
    """

    def __init__(self, digits: Iterable[Recognition] = (), share: float = 0.0, notes: tuple[str, ...] = ()) -> None:
        super().__init__(digits)
        self.text = "".join("?" if digit.digit is None else str(digit.digit) for digit in self)
        self.confidence = share * prod(digit.confidence for digit in self) if self else 0.0
        found = set(notes) | ({SIGNS} if "?" in self.text else set())
        if self and not self.confidence >= SURE:
            found.add(UNSURE)
        self.notes = tuple(sorted(found))
