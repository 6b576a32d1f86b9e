"""The answer for a picture of several digits: a list of answers with a text and a confidence."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING

from fastcnn import pages
from fastcnn.recognition.signs import SIGNS, UNSURE

if TYPE_CHECKING:
    from fastcnn.recognition.answer import Recognition

SURE = 0.8  # of the strings with a lower confidence, one in three is right


class DigitString(list["Recognition"]):
    """The answers for the digits of a string, from left to right.

    Attributes
    ----------
    text : one character for each digit, "?" for something that is no digit
    confidence : how sure it is that all digits are right, 0 to 1. It is the probability of this number of digits times
        those of the digits. It is 0 if something is no digit, or if there is nothing
    notes : codes: "several_lines" if there is more than one line of ink, "signs" if something between the digits is a
        sign or no digit, "unsure" if the confidence is below SURE
    """

    def __init__(self, digits: Iterable[Recognition] = (), share: float = 0.0, notes: tuple[str, ...] = ()) -> None:
        super().__init__(digits)
        self.text = "".join("?" if digit.digit is None else str(digit.digit) for digit in self)
        self.confidence = share * prod(digit.confidence for digit in self) if self else 0.0
        found = set(notes) | ({SIGNS} if "?" in self.text else set())
        if self and not self.confidence >= SURE:
            found.add(UNSURE)
        self.notes = tuple(sorted(found))

    def __repr__(self) -> str:
        return f"DigitString({self.text!r}, confidence={self.confidence:.4g}, notes={self.notes})"

    def _repr_html_(self) -> str:
        """For notebooks: each digit as the network read it."""
        seen = (
            f"{pages.picture(each.input, char)}<div>{char}</div>" for each, char in zip(self, self.text, strict=True)
        )
        return f"<div>{self.text} ({self.confidence:.1%}){pages.beside(*seen)}</div>"
