"""What went wrong, in the language in use: the engine's errors keep the templates of their sentences.

The engine speaks English only. `translations/update.py` finds the templates in its source.
"""

from __future__ import annotations

from fastcnn.errors import Sentence
from fastcnn.gui.text import language
from fastcnn.handwriting.preparation import reasons

# Why a picture is no digit, where the recognizer can say more than that.
REFUSALS = (reasons.EDGES, reasons.FRAME)
# The words that the system has for its errors.
SYSTEM = (
    Sentence("No such file or directory"),
    Sentence("Permission denied"),
    Sentence("Operation not permitted"),
    Sentence("No space left on device"),
    Sentence("Disk quota exceeded"),
    Sentence("Read-only file system"),
    Sentence("Is a directory"),
    Sentence("Not a directory"),
    Sentence("File exists"),
    Sentence("File name too long"),
    Sentence("File too large"),
    Sentence("Input/output error"),
    Sentence("Stale file handle"),
    Sentence("Transport endpoint is not connected"),
    Sentence("Connection timed out"),
    Sentence("Host is down"),
    Sentence("Too many open files"),
)


def failure_words(sentence: Sentence) -> str:
    """An error's sentence in the language in use; one that has no translation is in the log."""
    if language.tr(sentence.template) == sentence.template:
        sentence = Sentence("{detail}", detail=str(sentence))
    return sentence.said(language.tr)
