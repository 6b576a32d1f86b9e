"""PNG plots of the records. matplotlib is imported when a plot is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastcnn.bench.report import cluster_model
from fastcnn.bench.report.rival_tables import by_threads
from fastcnn.bench.report.robustness_report import draw as draw_robustness
from fastcnn.bench.report.targets import Records

DPI = 110


def _rivals(axes: Any, result: Any) -> None:
    """How many times as fast as the best rival each row is."""
    found = [(row, n, each) for row, n, each in by_threads(result) if "ratio" in each]
    colours = ["C3" if each["ratio"] < 1 else "C0" for _, _, each in found]
    axes.barh(range(len(found)), [each["ratio"] for _, _, each in found], color=colours)
    names = [f"{row['network']}, {row['mode']}, {row['batch']}, threads {n}" for row, n, _ in found]
    axes.set_yticks(range(len(found)), names, fontsize=6)
    axes.invert_yaxis()
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel("times as fast as the best rival")


def _layers(axes: Any, result: Any) -> None:
    """How many times as fast as PyTorch each layer is."""
    rows = result["rows"]
    for i, direction in enumerate(("forward", "gradients")):
        counts = [n for n in rows[0][direction] if n.isdecimal()]
        for j, n in enumerate(counts):
            ratios = [row[direction][n]["ratio"] for row in rows]
            axes.plot(ratios, range(len(rows)), "os"[i], color=f"C{j}", alpha=0.8, label=f"{direction}, threads {n}")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [row["layer"] for row in rows], fontsize=7)
    axes.invert_yaxis()
    axes.set_xscale("log", base=2)
    axes.set_xlabel("times as fast as PyTorch in channels_last")
    axes.legend(fontsize=7)


def _roofline(axes: Any, result: Any) -> None:
    """GFLOP/s over FLOP per byte, with the ceilings of one and more threads."""
    for i, run in enumerate(result["runs"]):
        parts = [part for part in run["parts"] if part["flop"]]
        intensities = [part["flop"] / part["bytes"] for part in parts]
        low, high = min(intensities) / 2, max(intensities) * 2
        peak, slope = run["sgemm_gflop_per_s"], run["bandwidth_gb_per_s"]
        corner = min(max(peak / slope, low), high)
        label = f"ceiling, threads {run['threads']}"
        axes.plot([low, corner, high], [min(peak, slope * x) for x in (low, corner, high)], color=f"C{i}", label=label)
        for x, part, marker in zip(intensities, parts, "osD^vP", strict=False):
            name = part["name"] if i == 0 else None
            axes.plot(x, part["gflop_per_s"], marker, color=f"C{i}", label=name, linestyle="none")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("FLOP per byte")
    axes.set_ylabel("GFLOP/s")
    axes.legend(fontsize=6, loc="lower right")


def _parts(axes: Any, result: Any) -> None:
    """The shares of the parts in the time of a training step."""
    for i, run in enumerate(result["runs"]):
        left = 0.0
        for j, part in enumerate(run["parts"]):
            axes.barh(i, part["mean_s"] * 1e6, left=left, color=f"C{j}", label=part["name"] if i == 0 else None)
            left += part["mean_s"] * 1e6
    axes.set_yticks(range(len(result["runs"])), [f"threads {run['threads']}" for run in result["runs"]])
    axes.set_xlabel("µs of one training step, batch 100")
    axes.legend(fontsize=6)


def _growth(kind: str) -> Callable[[Any, Any], None]:
    def draw(axes: Any, result: Any) -> None:
        rows = result[kind]
        for style, what in (("o-", "training"), ("s--", "inference")):
            for i, n in enumerate(result["threads"]):
                times = [row[f"{what}, {n}"]["median_s"] * 1e6 for row in rows]
                axes.plot([row["size"] for row in rows], times, style, color=f"C{i}", label=f"{what}, threads {n}")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel({"batch": "pictures in a batch", "side": "side of the picture"}.get(kind, kind))
        axes.set_ylabel("µs a picture")
        axes.legend(fontsize=7)

    return draw


def _seeds(axes: Any, result: Any) -> None:
    for kind, marker, label in (("warm", "o", "warm cache"), ("cold", "s", "no cache")):
        runs = result[kind]
        axes.plot([run["elapsed_s"] for run in runs], [100 * run["test_accuracy"] for run in runs], marker, label=label)
    axes.set_xlabel("seconds from start to exit")
    axes.set_ylabel("test accuracy, %")
    axes.legend(fontsize=7)


# benchmark -> the plots' file names and functions
PLOTS: dict[str, dict[str, Callable[[Any, Any], None]]] = {
    "rivals": {"rivals": _rivals},
    "layers": {"layers": _layers},
    "profile": {"profile": _parts, "roofline": _roofline},
    "scaling": {f"scaling-{kind}": _growth(kind) for kind in ("batch", "side", "channels")},
    "speedrun": {"speedrun": _seeds},
    "cluster": {"cluster": cluster_model.draw},
}
# The same for plots of several panels. These functions write their files themselves.
FIGURES: dict[str, dict[str, Callable[[Path, Any], None]]] = {"robustness": {"robustness": draw_robustness}}


def names_of(benchmark: str) -> list[str]:
    """The names of the plots of a benchmark's record. Each is a file NAME.png."""
    return [*PLOTS.get(benchmark, {}), *FIGURES.get(benchmark, {})]


def draw(folder: Path, records: Records) -> list[Path]:
    """Write the plots of all records into a folder, and return their paths."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    paths = []
    for benchmark, plots in PLOTS.items():
        for name, plot in plots.items() if benchmark in records else ():
            figure, axes = pyplot.subplots(figsize=(8, 6 if benchmark in ("rivals", "layers") else 4.5))
            record = records[benchmark]
            axes.set_title(f"{name}: {record['machine']['processor']}, {record['date']}", fontsize=9)
            plot(axes, record["result"])
            figure.tight_layout()
            paths.append(folder / f"{name}.png")
            figure.savefig(paths[-1], dpi=DPI, metadata={"Software": None})
            pyplot.close(figure)
    for benchmark, figures in FIGURES.items():
        for name, write in figures.items() if benchmark in records else ():
            paths.append(folder / f"{name}.png")
            write(paths[-1], records[benchmark])
    return paths
