"""The command `read`: the lines of digits and signs on each page. One that cannot be read does not stop the others."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcnn.commands.common import prepare, say_of
from fastcnn.commands.outputs import Output, check_outputs, json_output, write_json
from fastcnn.errors import FastcnnError, UsageError
from fastcnn.ours import FIGURE, FIGURE_MARK

if TYPE_CHECKING:
    from PIL import Image

    from fastcnn.recognition.page.tokens import Page, Token
    from fastcnn.recognition.recognizer import Recognizer

SUFFIX = ".png"
DIGIT_COLOUR, SIGN_COLOUR, OTHER_COLOUR = "#0a7d2c", "#1f5fd0", "#c02020"
LEAST_TEXT_PX = 9


def read(args: argparse.Namespace) -> bool:
    """Read the pages in each picture file; returns whether all could be read."""
    from fastcnn.recognition.recognizer import Recognizer
    from fastcnn.zoo.bundled import find_model

    _, path = find_model(args.model)
    check_outputs([*json_output(args.json), *_annotated(args)], [path, *args.images])
    prepare(args)
    recognizer = Recognizer(path)
    rows = [row for image in args.images for row in _read_file(recognizer, image, args.annotate)]
    write_json(args.json, rows)
    for row in rows:
        if "error" not in row:
            _print(row, several=len(rows) > 1)
    return all("error" not in row for row in rows)


def _annotated(args: argparse.Namespace) -> list[Output]:
    if args.annotate is None:
        return []
    if len(args.images) > 1:
        raise UsageError("--annotate shows one picture; give one IMAGE")
    out = Path(args.annotate)
    if out.suffix.lower() != SUFFIX:
        raise UsageError(f"--annotate {out} must end in {SUFFIX}; other formats are not written")
    return [Output("--annotate", out, FIGURE)]


def _read_file(recognizer: Recognizer, path: str, annotate: str | None) -> Iterator[dict[str, Any]]:
    """A row for each frame of a file; for a file or a frame that cannot be read a row with the error, said at once."""
    from fastcnn.handwriting.preparation.pictures import count_frames, open_picture
    from fastcnn.network.answers import NotFiniteError

    frame, count = 0, 1
    while frame < count:
        named: dict[str, Any] = {"image": path, "frame": frame}
        try:
            if frame == 0:
                count = count_frames(path)
                if annotate is not None and count > 1:
                    frames, count = count, 1
                    raise FastcnnError(
                        f"--annotate shows one picture, and {path} has {frames} frames; save one of them"
                    )
            picture = open_picture(path, frame)
            page = recognizer.read(picture)
            if annotate is not None:
                _annotate(picture, page, annotate)
            yield {**named, **_row(page)}
        except NotFiniteError:
            raise  # the network is at fault, not the picture
        except (FastcnnError, OSError, ValueError, MemoryError) as error:
            said = say_of(path, error)
            yield {**named, "text": None, "lines": None, "reason": None, "error": said}
        frame += 1


def _row(page: Page) -> dict[str, Any]:
    lines = [[_describe(token) for token in line] for line in page.lines]
    return {"text": str(page), "lines": lines, "reason": page.reason}


def _describe(token: Token) -> dict[str, Any]:
    return {"text": token.text, "box": list(token.box), "digit": token.digit, "confidence": token.confidence}


def _print(row: dict[str, Any], *, several: bool) -> None:
    """The text of a page; a heading tells the pages of several apart."""
    if several:
        frame = f", frame {row['frame'] + 1}" if row["frame"] else ""
        print(f"{row['image']}{frame}:")
    print(row["text"] if row["reason"] is None else f"nothing to read: {row['reason']}")


def _annotate(picture: Image.Image, page: Page, path: str) -> None:
    """Write the picture with a box and the text at each token."""
    from io import BytesIO

    from PIL import Image, ImageDraw, ImageFont
    from PIL.PngImagePlugin import PngInfo

    from fastcnn.handwriting.preparation.pictures import to_plane, upright
    from fastcnn.storage import atomic_write

    shown = upright(picture)
    plain = (
        shown.convert("RGB")
        if shown.mode in ("RGB", "RGBA", "P")
        else Image.fromarray(to_plane(picture)).convert("RGB")
    )
    canvas = ImageDraw.Draw(plain)
    for token in (token for line in page.lines for token in line):
        left, top, right, bottom = token.box
        colour = OTHER_COLOUR if token.text == "?" else SIGN_COLOUR if token.digit is None else DIGIT_COLOUR
        canvas.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour)
        size = max(LEAST_TEXT_PX, (bottom - top) // 3)
        canvas.text((left, max(0, top - size - 2)), token.text, fill=colour, font=ImageFont.load_default(size))
    mark = PngInfo()
    mark.add_text("Software", FIGURE_MARK)
    buffer = BytesIO()
    plain.save(buffer, "PNG", pnginfo=mark)
    atomic_write(path, buffer.getvalue())
