"""The errors of this package: their text is one sentence that tells the user what to do.

A sentence keeps its template, which is the code that a translation is found by.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Self


class Sentence(str):
    """A sentence, or a part of one, that can be said in another language.

    Parameters
    ----------
    template : a literal, with a field in braces for each value
    values : of the fields; one that is a sentence, or an error, is translated too. What stands in the field `detail`
        is for experts: a translation may leave it to the log.
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: object) -> Self:
        if isinstance(template, cls) and not values:
            return template
        plain = {name: _plain(value) for name, value in values.items()}
        sentence = super().__new__(cls, template.format(**plain) if plain else template)
        sentence.template, sentence.values = template, plain
        return sentence

    def said(self, translate: Callable[[str], str]) -> str:
        """The sentence in the language that `translate` gives the templates in."""
        values = {
            name: part.said(translate) if isinstance(part, Sentence) else part for name, part in self.values.items()
        }
        template = translate(self.template)
        return template.format(**values) if values else template


class FastcnnError(Exception):
    """Something that the user can put right. The command line prints its text in one line and exits with status 1.

    Its arguments are those of a `Sentence`.
    """

    def __init__(self, template: str = "", /, **values: object) -> None:
        super().__init__(Sentence(template, **values))


class UsageError(FastcnnError):
    """What was asked for does not exist, such as a model's name: the command line exits with status 2."""


class MissingPackageError(FastcnnError, ImportError):
    """A package that an extra installs is not here."""


def reason_of(error: Exception) -> Sentence:
    """What an error says: its sentence; of the system's errors the words, without number and path."""
    if isinstance(error, OSError) and error.strerror:
        return Sentence(error.strerror)
    first = error.args[0] if error.args else None
    return first if isinstance(first, Sentence) else Sentence("{detail}", detail=str(error))


def _plain(value: object) -> object:
    if isinstance(value, Exception):
        return reason_of(value)
    return os.fspath(value) if isinstance(value, os.PathLike) else value
