"""`bench hands`: unusual ways of writing digits, one drawing each, with three pens, upright and turned.

The drawings are those of a stroke file (`--strokes`), whose writers are the names of the kinds. A drawing may have
"also", a second digit that people read in it. Then the right answer is one of the two at most SUREST sure, with the
other one as the alternative.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown
from fastcnn.errors import FastcnnError
from fastcnn.handwriting.drawings import Drawing, Pose, draw
from fastcnn.handwriting.stroke_files import read_drawings
from fastcnn.kernels.threads import set_threads
from fastcnn.recognition.answer import Recognition
from fastcnn.recognition.recognizer import Recognizer
from fastcnn.zoo.bundled import bundled
from fastcnn.zoo.networks import BUNDLED

PENS_PX = (10.0, 18.0, 30.0)
TURNS_DEG = (0.0, -10.0, 10.0)
SIZE = 0.6  # of the canvas
SUREST = 0.95


def is_right(answer: Recognition, label: int, also: int | None) -> bool:
    """Whether an answer is right for a drawing that shows `label`, and to some people `also`."""
    if also is None:
        return answer.digit == label
    return {answer.digit, answer.alternative} == {label, also} and answer.confidence <= SUREST


def also_of(path: str) -> list[int | None]:
    """The second digit of each drawing of a stroke file, in its order; None where there is none."""
    content = json.loads(Path(path).read_text(encoding="utf-8"))
    return [each.get("also") for each in content]


def measure(model: str, drawings: list[Drawing], also: list[int | None]) -> dict[str, Any]:
    """The kinds that one network reads right under each condition."""
    recognizer = Recognizer(bundled(model))
    conditions = []
    for pen_px in PENS_PX:
        for turn_deg in TURNS_DEG:
            canvases = [draw(each.strokes, Pose(SIZE, pen_px, 0.5, 0.5, turn_deg)) for each in drawings]
            answers = recognizer.recognize_many(canvases)
            right = [is_right(a, d.label, second) for a, d, second in zip(answers, drawings, also, strict=True)]
            wrong = [
                {"kind": d.writer, "digit": a.digit, "confidence": a.confidence}
                for a, d, good in zip(answers, drawings, right, strict=True)
                if not good
            ]
            conditions.append({"pen_px": pen_px, "turn_deg": turn_deg, "right": sum(right), "wrong": wrong})
    return {"model": model, "conditions": conditions}


def run(settings: Settings) -> dict[str, Any]:

    if settings.strokes is None:
        raise FastcnnError("bench hands needs --strokes FILE, drawings whose writers are the names of their kinds")
    set_threads(1)
    drawings, also = read_drawings(settings.strokes), also_of(settings.strokes)
    rows = []
    for model in BUNDLED:
        rows.append(measure(model, drawings, also))
        told = [f"{each['pen_px']:.0f} px {each['turn_deg']:+.0f}°: {each['right']}" for each in rows[-1]["conditions"]]
        settings.say(f"{model}, of {len(drawings)}: {', '.join(told)}")
    return {"kinds": len(drawings), "rows": rows}


def tabulate(result: Any) -> str:
    """The documentation's table."""
    first = result["rows"][0]["conditions"]
    header = ("network", *(f"{each['pen_px']:.0f} px, {each['turn_deg']:+.0f}°" for each in first))
    rows = [(row["model"], *(str(each["right"]) for each in row["conditions"])) for row in result["rows"]]
    missed: dict[str, int] = {}
    for each in result["rows"][0]["conditions"]:
        for wrong in each["wrong"]:
            missed[wrong["kind"]] = missed.get(wrong["kind"], 0) + 1
    worst = ", ".join(f"{kind} ({count})" for kind, count in sorted(missed.items(), key=lambda pair: -pair[1]))
    return markdown.table(header, rows) + (
        f"\nRight answers of {result['kinds']} kinds of drawings with three pens, upright and turned. "
        f"`{result['rows'][0]['model']}` misses most often, of {len(first)}: {worst or 'none'}.\n"
    )
