"""The command `predict`. It reads each picture separately, so one that cannot be read does not stop the others."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastcnn.commands.common import prepare
from fastcnn.commands.outputs import check_outputs, json_output, write_json
from fastcnn.errors import FastcnnError
from fastcnn.handwriting.preparation.reasons import NO_DIGIT

if TYPE_CHECKING:
    from fastcnn.recognition.answer import Recognition
    from fastcnn.recognition.recognizer import Recognizer

NOTES = {"several_lines": "several lines", "signs": "signs between digits", "unsure": "unsure"}
DIGIT_KEYS, STRING_KEYS = ("digit", "confidence", "probabilities"), ("string", "confidence", "digits")
HINT = "several digits? try --string"

log = logging.getLogger("fastcnn")
Answer = tuple[dict[str, Any], str]  # for JSON, and as text


def predict(args: argparse.Namespace) -> bool:
    """Recognize the digit in each picture file, or with --string its digits. Returns whether all files were read."""
    from fastcnn.recognition.recognizer import Recognizer
    from fastcnn.zoo.bundled import find_model

    check_outputs(json_output(args.json), [find_model(args.model)[1], *args.images])
    prepare(args)
    recognizer = Recognizer(args.model)
    read = _read_string if args.string else _read_digit
    answers = [_answer(recognizer, image, read) for image in args.images]
    write_json(args.json, [row for row, _ in answers])
    for _, line in answers:
        if line:
            print(line)
    return all("error" not in row for row, _ in answers)


def _answer(recognizer: Recognizer, image: str, read: Callable[[Recognizer, Any], Answer]) -> Answer:
    """The answer for one file. If it cannot be read, the error is printed at once, and the answer is a row with it."""
    from fastcnn.handwriting.preparation.pictures import open_picture
    from fastcnn.network.answers import NotFiniteError

    try:
        row, line = read(recognizer, open_picture(image))
    except NotFiniteError:
        raise  # the network is at fault, not the picture
    except (FastcnnError, OSError, ValueError, MemoryError) as error:
        reason = " ".join(str(error).split()) or "there is not enough memory"
        reason = reason if image in reason else f"{image}: {reason}"
        log.error("%s", reason)
        missing = STRING_KEYS if read is _read_string else DIGIT_KEYS
        return {"image": image, **dict.fromkeys(missing), "error": reason}, ""
    return {"image": image, **row}, f"{image}  {line}"


def _read_digit(recognizer: Recognizer, picture: Any) -> Answer:
    result = recognizer.recognize(picture)
    hint = f"  {HINT}" if result.several else ""
    return _digit(result), _in_words(result) + hint


def _read_string(recognizer: Recognizer, picture: Any) -> Answer:
    digits = recognizer.recognize_string(picture)
    row = {
        "string": digits.text,
        "confidence": digits.confidence,
        "notes": list(digits.notes),
        "digits": [_digit(digit) for digit in digits],
    }
    if not digits:
        return row, "no digit"
    return row, "  ".join([digits.text, f"{digits.confidence:.2%}", *(NOTES[note] for note in digits.notes)])


def _digit(result: Recognition) -> dict[str, object]:
    return {
        "digit": result.digit,
        "confidence": result.confidence,
        "probabilities": [float(share) for share in result.probabilities],
    }


def _in_words(result: Recognition) -> str:
    if result.digit is None:
        if result.reason != NO_DIGIT:
            return f"no digit: {result.reason}"
        return f"no digit  nearest: {result.probabilities.argmax()}"
    doubt = f"  unsure: {result.digit} or {result.alternative}" if result.unsure else ""
    return f"{result.digit}  {result.confidence:.2%}{doubt}"
