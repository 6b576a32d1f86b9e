"""What went wrong, in the language in use: the engine's errors keep the templates of their sentences.

The engine speaks English only. `translations/update.py` finds the templates in its source.
"""

from __future__ import annotations

import re
import string
from functools import cache

from fastcnn.gui.logic.notices import mark
from fastcnn.gui.text import language
from fastcnn.handwriting.preparation import reasons

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
