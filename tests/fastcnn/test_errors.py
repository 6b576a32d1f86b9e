"""An error's text is what it always was; its sentence also keeps the template and the values it was made of."""

from __future__ import annotations

import copy
import errno
import os
import pickle
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fastcnn.data.idx import IdxError
from fastcnn.errors import FastcnnError, Sentence, UsageError, reason_of
from fastcnn.network.answers import NotFiniteError
from fastcnn.storage import atomic_write, read_arrays
from fastcnn.training.trainer import TrainingError
from fastcnn.zoo.bundled import AmbiguousModelError, UnknownModelError

ERRORS = (FastcnnError, UsageError, IdxError, NotFiniteError, TrainingError, UnknownModelError, AmbiguousModelError)
GERMAN = {
    "{path} is damaged: {reason}": "{path} ist beschädigt: {reason}",
    "{count} of {limit} are there": "von {limit} gibt es {count}",
    "Permission denied": "keine Berechtigung",
}


def german(template):
    return GERMAN.get(template, template)


def _raised(call, *args):
    with pytest.raises(FastcnnError) as caught:
        call(*args)
    return caught.value


def test_a_sentence_is_the_text_with_its_values():
    sentence = Sentence("{path} has {count} frames", path=Path("a") / "b", count=2)
    assert sentence == os.path.join("a", "b") + " has 2 frames"
    assert (sentence.template, sentence.values) == (
        "{path} has {count} frames",
        {"path": os.path.join("a", "b"), "count": 2},
    )


def test_a_text_without_values_is_its_own_template_whatever_is_in_it():
    assert Sentence("a {brace}").said(german) == "a {brace}"
    assert str(FastcnnError("100 % of {x")) == "100 % of {x"
    assert str(FastcnnError("{path} is empty", path="{x}")) == "{x} is empty"


def test_parts_are_translated_and_put_in_their_places():
    count = Sentence("{count} of {limit} are there", count=2, limit=3)
    sentence = Sentence("{path} is damaged: {reason}", path="a.png", reason=count)
    assert sentence == "a.png is damaged: 2 of 3 are there"
    assert sentence.said(german) == "a.png ist beschädigt: von 3 gibt es 2"


def test_an_error_in_a_sentence_stands_for_what_it_says():
    inner = IdxError("{count} of {limit} are there", count=2, limit=3)
    outer = FastcnnError("{path} is damaged: {reason}", path="a.idx", reason=inner)
    assert reason_of(outer).said(german) == "a.idx ist beschädigt: von 3 gibt es 2"
    refused = FastcnnError(
        "{path} is damaged: {reason}", path="b", reason=PermissionError(13, "Permission denied", "b")
    )
    assert str(refused) == "b is damaged: Permission denied"
    assert reason_of(refused).said(german) == "b ist beschädigt: keine Berechtigung"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("embedded null byte"), "embedded null byte"),
        (KeyError("name"), "'name'"),
        (ValueError(), ""),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "file"), os.strerror(errno.ENOSPC)),
        (OSError(0, Sentence("it is a folder")), "it is a folder"),
        (FileNotFoundError(Sentence("{path} is not there", path="a")), "a is not there"),
        (FastcnnError("{path} is empty", path="a"), "a is empty"),
    ],
)
def test_the_reason_of_any_error_is_a_sentence(error, text):
    reason = reason_of(error)
    assert isinstance(reason, Sentence)
    assert reason == text


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_keeps_its_text_and_its_template(kind):
    error = kind("{path} is empty", path="a")
    assert (str(error), repr(error), type(str(error))) == ("a is empty", f"{kind.__name__}('a is empty')", str)
    assert traceback.format_exception_only(error)[0].endswith(": a is empty\n")
    assert reason_of(error).template == "{path} is empty"


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_from_another_process_keeps_its_template(kind, protocol):
    inner = Sentence("{count} of {limit} are there", count=2, limit=3)
    error = kind("{path} is damaged: {reason}", path="{x}", reason=inner)
    for twin in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error), copy.deepcopy(error)):
        assert (type(twin), str(twin)) == (kind, "{x} is damaged: 2 of 3 are there")
        assert reason_of(twin).said(german) == "{x} ist beschädigt: von 3 gibt es 2"


def test_an_error_from_another_thread_keeps_its_template(tmp_path):
    with ThreadPoolExecutor(1) as pool:
        error = pool.submit(read_arrays, tmp_path / "none").exception()
    assert reason_of(error).template == "cannot read {path}: {reason}; give the path of a .safetensors file"


def test_what_is_read_and_written_says_which_file_and_why(tmp_path):
    """The sentences as people know them, the parts that a translation needs with them."""
    folder = tmp_path / "folder"
    folder.mkdir()
    lost = tmp_path / "none" / "file"
    for error, reason in (
        (_raised(atomic_write, folder, b""), "it is a folder"),
        (_raised(atomic_write, lost, b""), "its folder does not exist"),
    ):
        path = reason_of(error).values["path"]
        assert str(error) == f"cannot write {path}: {reason}; choose another place or make room"
        assert reason_of(error).values["reason"].template == reason


def test_a_sentence_holds_no_error_and_with_it_no_frames():
    """The window shows the last one for long; what an error's traceback holds may be large."""
    sentence = Sentence("{reason}", reason=OSError(errno.EACCES, "Permission denied"))
    assert type(sentence.values["reason"]) is Sentence
