"""The figures of an experiment: charts as PNG files, and their numbers as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fastcnn.commands.outputs import Output
from fastcnn.ours import FIGURE, FIGURE_MARK, TABLE
from fastcnn.recognition.experiment import PAPER_MISTAKE, Experiment, ShownTrial
from fastcnn.storage import atomic_write

if TYPE_CHECKING:
    from PIL import Image

WIDTH, HEIGHT, MARGIN = 900, 480, 60
PAPER, INK, GRID = (255, 255, 255), (30, 30, 30), (220, 220, 220)
COLOURS = ((46, 103, 176), (224, 142, 40), (110, 110, 110))
FONT_PX = 15
GROUP_FIGURE = {"mnist": 8, "handwriting": 9}
DIGIT_FIGURE, MISTAKE_FIGURE = 10, 11
SHOWN_PX = 280

Series = tuple[str, Sequence[float | None]]


def bars(title: str, names: Sequence[str], series: Sequence[Series]) -> Image.Image:
    """A chart of shares, 0 to 1.

    Parameters
    ----------
    names : below the groups of bars
    series : a name and one share for each group, None for no bar; at most three
    """
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    canvas = ImageDraw.Draw(image)
    font = ImageFont.load_default(FONT_PX)
    bottom, top = HEIGHT - MARGIN, 2 * MARGIN
    canvas.text((MARGIN, 15), title, INK, font=font)

    def level(share: float) -> float:
        return bottom - (bottom - top) * share

    for step in range(6):
        share = step / 5
        canvas.line((MARGIN, level(share), WIDTH - 20, level(share)), GRID)
        canvas.text((MARGIN - 8, level(share)), f"{100 * share:.0f} %", INK, font=font, anchor="rm")
    room = (WIDTH - 20 - MARGIN) / len(names)
    for group, name in enumerate(names):
        left = MARGIN + group * room
        canvas.text((left + room / 2, bottom + 8), name, INK, font=font, anchor="ma")
        for index, (_, shares) in enumerate(series):
            bar, wide = shares[group], 0.8 * room / len(series)
            if bar is not None:
                start = left + 0.1 * room + index * wide
                canvas.rectangle((start, level(bar), start + wide - 2, bottom), COLOURS[index])
    for index, (name, _) in enumerate(series):
        start = MARGIN + 280 * index
        canvas.rectangle((start, 48, start + 14, 62), COLOURS[index])
        canvas.text((start + 22, 55), name, INK, font=font, anchor="lm")
    return image


def outputs(mode: str, folder: Path) -> list[Output]:
    """The files that `write` writes or removes."""
    bases = [folder / f"figure{number}_{mode}" for number in (GROUP_FIGURE[mode], DIGIT_FIGURE, MISTAKE_FIGURE)]
    files = [(base.with_suffix(suffix), kind) for base in bases for suffix, kind in ((".png", FIGURE), (".csv", TABLE))]
    return [Output("--out", path, kind, makes_folder=True) for path, kind in files]


def write(experiment: Experiment, folder: Path) -> list[Path]:
    """Write the figures and their numbers, and return the files. Other files in the folder stay.

    Raises
    ------
    FastcnnError, OSError
        If the folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    group_figure = GROUP_FIGURE[experiment.mode]
    what = "MNIST test pictures" if experiment.mode == "mnist" else "drawings"
    written = []
    for figure, name, table in (
        (group_figure, "group", experiment.by_group()),
        (DIGIT_FIGURE, "digit", experiment.by_digit()),
    ):
        base = folder / f"figure{figure}_{experiment.mode}"
        title = f"Figure {figure}: {what}, rate of each {name}"
        series = [("mean confidence", [each.mean_confidence for each in table])]
        series.append(("accuracy", [each.accuracy for each in table]))
        series.append(("accuracy, lower end (95 %)", [each.interval[0] if each.interval else None for each in table]))
        _write_png(base.with_suffix(".png"), bars(title, [each.name for each in table], series))
        atomic_write(base.with_suffix(".csv"), _csv([each.describe() for each in table]))
        written += [base.with_suffix(".png"), base.with_suffix(".csv")]
    rows = [{"whose": "paper", **PAPER_MISTAKE}]
    base = folder / f"figure{MISTAKE_FIGURE}_{experiment.mode}"
    if (worst := experiment.worst()) is not None:
        rows.append({"whose": "this run", **worst.describe()})
        _write_png(base.with_suffix(".png"), _mistake(worst))
        written.append(base.with_suffix(".png"))
    else:
        base.with_suffix(".png").unlink(missing_ok=True)  # an earlier run may have written one
    atomic_write(base.with_suffix(".csv"), _csv(rows))
    return [*written, base.with_suffix(".csv")]


def _csv(rows: Sequence[dict[str, Any]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


def _write_png(path: Path, image: Image.Image) -> None:
    from PIL.PngImagePlugin import PngInfo

    mark, buffer = PngInfo(), io.BytesIO()
    mark.add_text("Software", FIGURE_MARK)
    image.save(buffer, "PNG", pnginfo=mark)
    atomic_write(path, buffer.getvalue())


def _mistake(trial: ShownTrial) -> Image.Image:
    """The picture, and next to it what the network saw."""
    from PIL import Image, ImageDraw, ImageFont

    seen = np.rint(255 * trial.seen).astype(np.uint8)
    image = Image.new("L", (2 * SHOWN_PX + 30, SHOWN_PX + 50), 255)
    for index, plane in enumerate((trial.picture, seen)):
        part = Image.fromarray(plane).resize((SHOWN_PX, SHOWN_PX), Image.Resampling.NEAREST)
        image.paste(part, (10 + index * (SHOWN_PX + 10), 40))
    answer = "no digit" if trial.answer is None else f"{trial.answer} at {trial.confidence:.2%}"
    text = f"Figure {MISTAKE_FIGURE}: a {trial.truth}, taken for {answer}; right: what the network saw"
    ImageDraw.Draw(image).text((10, 12), text, 0, font=ImageFont.load_default(15))
    return image
