"""Lesson files: a JSON with steps, each with a picture, a network, what is open, hidden controls and a text.

{"format": "fastcnn lesson 1",
 "title": {"en": "…", "zh_CN": "…"},
 "steps": [{"text": {"en": "…", "zh_CN": "…"}, "picture": 247, "network": "paper",
            "station": "convolution", "unit": 7, "row": 4, "column": 13, "section": "look", "hide": ["epochs"]}],
 "questions": [{"en": "…", "zh_CN": "…"}]}

Everything of a step but its text may be missing: then what is shown stays. `station` is a kind, and the first station
of this kind is opened. Pictures are numbers of MNIST's test pictures.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.chosen import read_chosen
from fastcnn.gui.logic.lesson.stages import Kind

FORMAT = "fastcnn lesson 1"
FOLDER = Path(__file__).resolve().parents[2] / "lessons"
LANGUAGES = ("en", "zh_CN")
SECTIONS = ("look", "learn", "compare", "gallery")
HIDABLE = ("sections", "colors", "player", "epochs", "pixels")
LAST_PICTURE = 9999
LARGEST = 1_000_000  # bytes of a file
MOST = 100  # steps, and questions; the window writes the worksheet of 1,000 questions in 0.7 s
LONGEST = 5_000  # letters of a text; one of 750,000 held the window for 2 s

Words = dict[str, str]  # language -> text


@dataclass(frozen=True)
class Step:
    """One step; None leaves what is shown."""

    text: Words
    picture: int | None = None
    network: str | None = None
    station: Kind | None = None
    unit: int | None = None
    row: int | None = None
    column: int | None = None
    section: str = "look"
    hide: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lesson:
    """A lesson, and the questions of its worksheet."""

    title: Words
    steps: tuple[Step, ...]
    questions: tuple[Words, ...]


def shipped() -> list[Path]:
    """The files of the lessons that come with the program, in their order."""
    return sorted(FOLDER.glob("*.json"))


def read_lesson(path: Path) -> Lesson:
    """Read a lesson file.

    Raises
    ------
    FastcnnError
        If it cannot be read or is no lesson; one sentence says what is wrong.
    """
    content = read_chosen(path, LARGEST)
    if len(content) > LARGEST:
        raise FastcnnError("{path} is too large for a lesson; give a file of at most 1 MB", path=path)
    try:
        found = json.loads(content.decode("utf-8-sig"))  # with or without the mark that Windows' editor writes
    except (ValueError, RecursionError) as error:
        raise FastcnnError("{path} is no JSON file; give a lesson file", path=path) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise FastcnnError("{path} is no lesson: its format must be {format}", path=path, format=repr(FORMAT))
    try:
        lesson = Lesson(
            _words(found["title"]),
            tuple(_step(each) for each in _list(found["steps"])),
            tuple(_words(each) for each in _list(found.get("questions", []))),
        )
        if not lesson.steps:
            raise ValueError("steps")
    except (KeyError, TypeError, ValueError) as error:
        field = str(error.args[0])[:40] if error.args else ""
        raise FastcnnError("{path} is no lesson: {field} is missing or wrong", path=path, field=repr(field)) from error
    return lesson


def _step(found: Any) -> Step:
    if not isinstance(found, dict):
        raise ValueError("steps")
    hide, section, network = _list(found.get("hide", [])), found.get("section", "look"), found.get("network")
    known = Step.__dataclass_fields__
    for name in found:
        if name not in known:
            raise ValueError(name)
    if section not in SECTIONS:
        raise ValueError("section")
    if not all(isinstance(each, str) and each in HIDABLE for each in hide):
        raise ValueError("hide")
    if network is not None and not isinstance(network, str):
        raise ValueError("network")
    station = found.get("station")
    if station is not None and station not in [kind.value for kind in Kind]:
        raise ValueError("station")
    numbers = {name: _number(found, name) for name in ("picture", "unit", "row", "column")}
    if (numbers["picture"] or 0) > LAST_PICTURE:
        raise ValueError("picture")
    kind = None if station is None else Kind(station)
    return Step(_words(found["text"]), network=network, station=kind, section=section, hide=tuple(hide), **numbers)


def _number(found: dict[str, Any], name: str) -> int | None:
    value = found.get(name)
    if value is not None and (type(value) is not int or value < 0):
        raise ValueError(name)
    return value


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list) or len(found) > MOST:
        raise ValueError("steps")
    return found


def _words(found: Any) -> Words:
    if not isinstance(found, dict) or not all(isinstance(found.get(each), str) for each in LANGUAGES):
        raise ValueError("text")
    if any(len(found[language]) > LONGEST for language in LANGUAGES):
        raise ValueError("text")
    return {language: found[language] for language in LANGUAGES}
