"""What went wrong, in the language in use: the engine's and the system's sentences, known by their templates.

The engine speaks English only. A sentence of its that has no template here is in the log and not in the window, where
that speaks another language; a test compares these templates with the engine's source.
"""

from __future__ import annotations

import re
import string
from functools import cache

from fastcnn.gui.logic.notices import mark
from fastcnn.gui.text import language

# What an error stands in front of is {path}; {detail} is for experts, and a translation may leave it to the log.
TEMPLATES = (
    mark("cannot write {path}: {reason}; choose another place or make room"),
    mark("cannot make the folder {path} ({reason}); make its parent writable"),
    mark("{path} cannot be used: {reason}; check its permissions and the room on its disk"),
    # pictures
    mark("{path} is not a picture that can be read; save it as one of {known}"),
    mark("{path} has {count} frames or pages; save or copy the one to be read as a picture of its own"),
    mark("the copied picture has more than {limit} million pixels; shrink it first"),
    mark("the copied picture cannot be read; save it as a file and open that"),
    mark("{path} has more than {limit} million pixels; shrink it first"),
    mark("{path} holds NaN or infinite pixels; save it as an ordinary PNG"),
    mark("{path} does not exist"),
    mark("{path} is a folder, not a picture"),
    mark("{path} may not be read; check its permissions"),
    # networks
    mark("there is no model {name}; give one of {known}, or the path of a weights file"),
    mark("cannot read {path}: {reason}; give the path of a .safetensors file"),
    mark("{path} is not a file; give the path of a .safetensors file"),
    mark("{path} is larger than {size} MiB, more than any network's file"),
    mark("{path} is empty; get or make it anew"),
    mark("{path} is damaged or no safetensors file ({detail})"),
    mark("{path} was not written by fastcnn: its checksum is missing"),
    mark("{path} is damaged: its checksum is wrong; get or make it anew"),
    mark("{path} holds an array of dtype {detail}, which no network has"),
    mark("{path} holds no network: its metadata is not of the format {detail}"),
    mark("{path} holds no network: its description is nested too deeply"),
    mark("{path} holds no network that fastcnn knows: {detail}"),
    mark("{path} holds a network from {detail}; give the weights of a digit network"),
    mark("this network's answers are no numbers: its weights are unusable, choose another network"),
    mark("{path} holds the network in use; choose another name"),
    mark("{path} holds another network; install fastcnn anew"),
    mark("the network is not saved because {detail} holds values that are not finite"),
    # trainings
    mark("there is no checkpoint {path}; leave out the resume to start afresh"),
    mark("{path} is no checkpoint of a training; give the file that training wrote"),
    mark("{path} is a damaged checkpoint; leave out the resume to start afresh"),
    mark("{path} is a damaged checkpoint ({detail}); start afresh without it"),
    mark("{path} was made with {detail}; resume with the same or leave out the resume"),
    mark("{path} has {done} epochs done, more than the {asked} asked for; ask for more"),
    # drawings
    mark("cannot read {path} ({reason}); choose another file"),
    mark("{path} is larger than {size} MB, more than any collection"),
    mark("{path} is no collection of drawings; choose a file that “Export” wrote"),
    mark("there are no drawings to learn from: correct some answers first"),
    # whatever else
    mark("{path} is damaged: {detail}"),
    mark("{detail}"),
)
# Why a picture is no digit, where the recognizer can say more than that.
REFUSALS = (
    mark("the ink runs along all four edges, as a frame or a sheet does: cut the picture inside it"),
    mark("a frame surrounds the rest of the ink: cut the picture inside it"),
)
REASONS = (
    mark("its folder does not exist"),
    mark("it is a folder"),
    mark("it is not an ordinary file"),
    mark("there is not enough memory"),
    mark("No such file or directory"),
    mark("Permission denied"),
    mark("Operation not permitted"),
    mark("No space left on device"),
    mark("Disk quota exceeded"),
    mark("Read-only file system"),
    mark("Is a directory"),
    mark("Not a directory"),
    mark("File exists"),
    mark("File name too long"),
    mark("File too large"),
    mark("Input/output error"),
    mark("Stale file handle"),
    mark("Transport endpoint is not connected"),
    mark("Connection timed out"),
    mark("Host is down"),
    mark("Too many open files"),
)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((template, re.compile(_pattern(template), re.DOTALL)) for template in TEMPLATES)


def _pattern(template: str) -> str:
    parts = string.Formatter().parse(template)
    return "".join(re.escape(text) + (f"(?P<{name}>.+)" if name else "") for text, name, _, _ in parts)


def template_of(sentence: str) -> str:
    """The template that a sentence was made from; "{detail}" for one that is not known."""
    return next((template for template, pattern in _patterns() if pattern.fullmatch(sentence)), TEMPLATES[-1])


def failure_words(sentence: str) -> str:
    """A sentence of the engine in the language in use."""
    template = template_of(sentence)
    found = re.fullmatch(_pattern(template), sentence, re.DOTALL)
    values = found.groupdict() if found else {"detail": sentence}
    if values.get("reason") in REASONS:
        values["reason"] = language.tr(values["reason"])
    return language.tr(template).format(**values)
