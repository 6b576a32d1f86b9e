"""The robustness report: its tables for the docs and the results' page, and its figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastcnn.bench.report.markdown import table
from fastcnn.bench.report.paper_tables import on_paper

# kind -> its description, in the order of the tables
KINDS = {
    "place": "place: the four corners",
    "size": "size: 15 to 95 % of the canvas",
    "pen": "pen: 6 to 40 px, 2 to 24 % of the drawing",
    "turn": "turned: by up to 15° to either side",
    "noise": "noise: standard deviation 10 to 40 of 255",
    "blur": "blur: standard deviation 1 to 6 px",
    "contrast": "contrast: 50 to 10 %",
    "page": "page: dark on white, shaded and grained, specks",
    "coarse": "coarse: 8 to 16 pixels high or wide",
    "stretched": "stretched to a square of 12 to 32 pixels, black and white",
    "all at once": "place, size and pen at random; turned too",
}
POSED = ("place", "size", "pen", "turn")  # changes by a person, not by a camera
AXES = {
    "place": "place", "size": "size, % of the canvas", "pen": "pen, share of the drawing", "turn": "turned, degrees",
    "noise": "noise, standard deviation of 255", "blur": "blur, px", "contrast": "contrast, %", "page": "page",
    "coarse": "coarse, pixels", "stretched": "stretched, pixels",
}  # fmt: skip
NAMED = ("place", "page")  # their axes have words
# The place of the middle condition on the axes, and its name there.
MIDDLES = {
    "place": (0, "middle"), "size": (60, "60 %"), "turn": (0, "0°"), "noise": (0, "none"), "blur": (0, "none"),
    "contrast": (100, "100 %"), "page": (0, "white on black"),
}  # fmt: skip
SCATTERED = ("pen",)  # its conditions also differ in size, so no line joins them
NOTES = """\
Lost: points of accuracy against the first row, on the same digits, ± half of the 95 % interval. Refused: taken for no
digit, by the one network that judges this for all; the answers count here all the same. A pen is at most a quarter as
wide as the drawing is large: an 8 is three strokes and two holes high, so that its holes are then half as wide as the
pen. The paper's pipeline is its network, trained on MNIST alone by the default recipe with seed 0, and the canvas
shrunk to 28 x 28, with nothing centred and nothing turned to light ink on dark.
"""
DPI = 100
LEAST = 2e-4  # drawn where no answer is wrong, because a logarithm needs a number above 0


def _kinds(data: Any) -> list[str]:
    found = {row["kind"] for row in data["conditions"]}
    return [kind for kind in KINDS if kind in found]


def _worst(data: Any, kind: str, network: str) -> tuple[str, Any]:
    """The condition of a kind with the worst result of a network, and the numbers there."""
    rows = [row for row in data["conditions"] if row["kind"] == kind]
    row = min(rows, key=lambda row: row["scores"][network]["accuracy"])
    return row["label"], row["scores"][network]


def worst_loss(result: Any) -> float:
    """The default network's largest loss of accuracy on pen drawings, over places, sizes, pens and turns.

    Raises
    ------
    KeyError
        If there are no results for pen drawings under all of these.
    """
    data = result["data"][0]
    if result["file"] is None or not {*POSED} <= {*_kinds(data)}:
        raise KeyError("file")
    rows = [row for row in data["conditions"] if row["kind"] in POSED]
    return max(float(row["scores"][result["default"]]["lost"]) for row in rows)


def _points(share: float) -> str:
    return f"{100 * share:.2f}"


def _interval(score: Any) -> str:
    return f"{score['accuracy']:.2%} ({score['low']:.2%} to {score['high']:.2%})"


def compact(result: Any) -> str:
    """The table of the docs: the worst condition of each kind, for each network, on the first kind of digits."""
    data = result["data"][0]
    names = result["networks"]
    middle = data["conditions"][0]["scores"]
    rows = [("none: 60 % of the canvas, in the middle", *(f"{middle[name]['accuracy']:.2%}" for name in names))]
    for kind in _kinds(data):
        cells = []
        for name in names:
            label, worst = _worst(data, kind, name)
            cells.append(f"{worst['accuracy']:.2%}, {-100 * worst['lost']:+z.2f} ({label})")
        rows.append((KINDS[kind], *cells))
    middle_error, *errors = ([row["scores"][name]["calibration_error"] for name in names] for row in data["conditions"])
    rows.append(("calibration error, without a change", *(f"{error:.2%}" for error in middle_error)))
    rows.append(("calibration error, at its worst", *(f"{max(each):.2%}" for each in zip(*errors, strict=True))))
    refusals = [row["refused"] for row in data["conditions"]]
    counts = ", ".join(f"{each['count']:,} {each['what']}" for each in result["data"])
    note = (
        f"The worst of each change on {data['count']:,} {data['what']}{_file(result)}, and the points that it costs "
        f"against no change. Taken for no digit are {refusals[0]:.2%} without a change and at most {max(refusals):.2%} "
        "with one; their answers count here all the same. "
        f"Every change, on {counts}, with intervals: [results](../bench/results/README.md#robustness)."
    )
    return f"{table(('change', *names), rows)}\n{note}\n"


def _file(result: Any) -> str:
    return f" of {result['file']}" if result["file"] else ""


def _all_conditions(data: Any, names: list[str]) -> str:
    header = ["change", "refused"]
    for name in names:
        header += [
            f"{name}: right (95 %)",
            "lost, points",
            "mean confidence",
            "calibration error",
            "wrong at over 99 %",
        ]
    rows = []
    for row in data["conditions"]:
        cells = [f"{row['kind']}: {row['label']}", f"{row['refused']:.2%}"]
        for name in names:
            score = row["scores"][name]
            lost = f"{_points(score['lost'])} ± {_points(score['lost_half_width'])}"
            cells += [_interval(score), lost, f"{score['mean_confidence']:.2%}", f"{score['calibration_error']:.2%}"]
            cells.append(str(score["surely_wrong"]))
        rows.append(cells)
    return table(header, rows)


def _anywhere(people: Any, names: list[str]) -> str:
    rows = []
    for name in names:
        score, digits = people["scores"][name], people["per_digit_accuracy"][name]
        worst = min(digits, key=lambda digit: digits[digit])
        rows.append(
            (
                name, _interval(score), f"{digits[worst]:.1%} ({worst})", f"{score['mean_confidence']:.2%}",
                f"{score['calibration_error']:.2%}", f"{1000 * score['surely_wrong'] / people['count']:.1f}",
            )
        )  # fmt: skip
    header = (
        "network", "right (95 %)", "worst digit", "mean confidence", "calibration error", "wrong at over 99 %, of 1,000"
    )  # fmt: skip
    intro = (
        f"All {people['count']:,} drawings, each once, at any place and of any size with any pen; "
        f"{people['refused']:.2%} are refused:"
    )
    text = f"{intro}\n\n{table(header, rows)}"
    if people["writers"] > 1:
        worst_writers = [
            (row["writer"] or "not named", str(row["count"]), *(_interval(row["scores"][name]) for name in names))
            for row in people["worst"]
        ]
        text += f"\nThe {len(worst_writers)} worst of {people['writers']} writers:\n\n"
        text += table(("writer", "drawings", *(f"{name}: right (95 %)" for name in names)), worst_writers)
    return text


def full(result: Any) -> str:
    """The tables of the results' page: every condition, on every kind of digits, for every network."""
    names = result["networks"]
    parts = [NOTES]
    for data in result["data"]:
        source = _file(result) if data is result["data"][0] else ""
        parts.append(f"\n### {data['count']:,} {data['what']}{source}\n\n{_all_conditions(data, names)}")
    if result["anywhere"]:
        parts.append(f"\n### Each drawing anywhere\n\n{_anywhere(result['anywhere'], names)}")
    return "".join(parts) + on_paper(result, "single digits, by the default network")


def _draw_panel(axes: Any, rows: list[Any], names: list[str], value: str, joined: bool) -> None:
    """One line for each network. The paper's pipeline, the last one, is dashed."""
    for index, name in enumerate(names):
        scores = [row["scores"][name] for row in rows]
        at = [row["at"] for row in rows]
        style = {"color": f"C{index}", "marker": "osD^vPX"[index % 7], "markersize": 4, "linestyle": "-"}
        if index == len(names) - 1:
            style |= {"color": "black", "linestyle": "--", "marker": "x"}
        if not joined:
            style["linestyle"] = "none"
        values = [1 - score["accuracy"] if value == "wrong" else score["calibration_error"] for score in scores]
        axes.plot(at, [max(LEAST, each) for each in values], label=name, **style)
        if value == "wrong":
            low, high = ([max(LEAST, 1 - score[key]) for score in scores] for key in ("high", "low"))
            if joined:
                axes.fill_between(at, low, high, color=style["color"], alpha=0.15, linewidth=0)
            else:
                axes.vlines(at, low, high, color=style["color"], alpha=0.4)
    axes.set_yscale("log")
    axes.grid(True, alpha=0.3)


def draw(path: Path, record: Any) -> None:
    """Write the figure: wrong answers and calibration error over each change, on the first kind of digits."""
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter, NullFormatter

    result = record["result"]
    data, names = result["data"][0], result["networks"]
    kinds = [kind for kind in _kinds(data) if kind in AXES]
    columns = 4
    blocks = -(-len(kinds) // columns)
    figure, grid = pyplot.subplots(2 * blocks, columns, figsize=(14, 5 * blocks + 1), squeeze=False, sharey="row")
    for axes in grid.flat:
        axes.set_visible(False)
    for index, kind in enumerate(kinds):
        block, column = divmod(index, columns)
        rows = [row for row in data["conditions"] if row["kind"] == kind]
        rows = _with_middle(kind, data["conditions"][0], rows)
        for line, value in enumerate(("wrong", "calibration")):
            axes = grid[2 * block + line, column]
            axes.set_visible(True)
            _draw_panel(axes, rows, names, value, kind not in SCATTERED)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.set_xlabel(AXES[kind])
            if column == 0:
                axes.set_ylabel("wrong answers" if value == "wrong" else "calibration error")
            if kind in NAMED:
                axes.set_xticks([row["at"] for row in rows], [row["label"].replace(" ", "\n", 1) for row in rows])
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=len(names), bbox_to_anchor=(0.5, 0.965))
    figure.suptitle(f"{data['count']:,} {data['what']}{_file(result)}, {record['date']}; bands: 95 % intervals")
    figure.tight_layout(rect=(0, 0, 1, 0.955))
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    pyplot.close(figure)


def _with_middle(kind: str, middle: Any, rows: list[Any]) -> list[Any]:
    """The conditions of a kind, with the middle one at its place. The pens include it already."""
    if kind not in MIDDLES:
        return rows
    at, label = MIDDLES[kind]
    return sorted([*rows, {**middle, "at": at, "label": label}], key=lambda row: float(row["at"]))
