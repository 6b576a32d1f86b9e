"""The command `predict`. It reads each picture separately, so one that cannot be read does not stop the others."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from fastcnn.commands.common import own_data_files, prepare, refuse, say_of, set_precision
from fastcnn.commands.outputs import check_outputs, json_output, write_json
from fastcnn.errors import FastcnnError, UsageError
from fastcnn.handwriting.preparation.reasons import NO_DIGIT

if TYPE_CHECKING:
    from fastcnn.recognition.answer import Recognition
    from fastcnn.recognition.picture_classifier import PictureClassifier
    from fastcnn.recognition.recognizer import Recognizer

NOTES = {"several_lines": "several lines", "signs": "signs between digits", "unsure": "unsure"}
CLASS_KEYS = ("digit", "label", "confidence", "probabilities")
DIGIT_KEYS, STRING_KEYS = ("digit", "confidence", "probabilities"), ("string", "confidence", "digits")
HINT, PAGE_HINT = "several digits? try --string", "a page? try fastcnn read"

Answer = tuple[dict[str, Any], str]  # for the JSON, and for the eye
Read = Callable[[Any], Answer]
MAX_NAMES = 1 << 20  # characters of a file of names


def predict(args: argparse.Namespace) -> bool:
    """Recognize the digit in each picture file, or with --string the digits of each; returns whether all were read."""
    from fastcnn.network.files import load_network
    from fastcnn.recognition.picture_classifier import PictureClassifier, prepares_by_size
    from fastcnn.recognition.recognizer import Recognizer
    from fastcnn.zoo.bundled import find_model, why_no_digits

    _, path = find_model(args.model)
    check_outputs(json_output(args.json), [path, *args.images, *own_data_files(args)])
    prepare(args)
    network = load_network(path)
    set_precision(network, args.precision)
    read: Read
    missing: tuple[str, ...]
    if prepares_by_size(network):
        refuse("with a network that reads no digits", string=args.string or None)
        if args.labels is not None:
            network.classes = _names(args.labels, len(network.classes))
        read, missing = partial(_read_class, PictureClassifier(network)), CLASS_KEYS
    else:
        refuse("with a network for digits", labels=args.labels)
        detail = why_no_digits(network)
        if detail:
            raise UsageError(
                f"{path} holds a network from {detail}; for other pictures save one whose preparation is 'resize', "
                "as train --data does"
            )
        read = partial(_read_string if args.string else _read_digit, Recognizer(network))
        missing = STRING_KEYS if args.string else DIGIT_KEYS
    answers = [_answer(image, read, missing) for image in args.images]
    write_json(args.json, [row for row, _ in answers])
    for _, line in answers:
        if line:
            print(line)
    return all("error" not in row for row, _ in answers)


def _names(path: str, count: int) -> tuple[str, ...]:
    """The names in a text file, a line each; UsageError unless there is one for each class."""
    from fastcnn.network.structure import check_classes

    try:
        with open(path, encoding="utf-8-sig") as file:
            names = file.read(MAX_NAMES).split("\n")
        return check_classes([name.strip() for name in names if name.strip()], count)
    except UnicodeDecodeError:
        raise UsageError(f"--labels {path} is not text in UTF-8; give a name in each line") from None
    except OSError as error:
        raise UsageError(f"--labels {path} cannot be read ({error.strerror}); check the path") from None
    except ValueError as error:
        raise UsageError(f"--labels {path}: {error}") from None


def _answer(image: str, read: Read, missing: tuple[str, ...]) -> Answer:
    """The answer for one file; for one that cannot be read a row with the error, which is said at once."""
    from fastcnn.handwriting.preparation.pictures import open_picture
    from fastcnn.network.answers import NotFiniteError

    try:
        row, line = read(open_picture(image))
    except NotFiniteError:
        raise  # the network is at fault, not the picture
    except (FastcnnError, OSError, ValueError, MemoryError) as error:
        reason = say_of(image, error)
        return {"image": image, **dict.fromkeys(missing), "error": reason}, ""
    return {"image": image, **row}, f"{image}  {line}"


def _read_class(classifier: PictureClassifier, picture: Any) -> Answer:
    result = classifier.classify(picture)
    row = {
        "digit": None,
        "label": result.label,
        "confidence": result.confidence,
        "probabilities": [float(share) for share in result.probabilities],
    }
    return row, f"{result.label}  {result.confidence:.2%}"


def _read_digit(recognizer: Recognizer, picture: Any) -> Answer:
    result = recognizer.recognize(picture)
    hint = f"  {PAGE_HINT if result.lines else HINT}" if result.lines or result.several else ""
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
