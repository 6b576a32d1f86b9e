"""The tables of the documentation and of the results' own page, written from the records: nothing in them is typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastcnn.bench.harness.record import Record
from fastcnn.bench.report.headline import HEADLINES
from fastcnn.bench.report.markdown import duration, fill, marked, rate, table
from fastcnn.bench.report.network_tables import networks
from fastcnn.bench.report.plots import FIGURES, PLOTS
from fastcnn.bench.report.refusal_tables import compact as refusal_in_short
from fastcnn.bench.report.refusal_tables import refusal
from fastcnn.bench.report.robustness_report import compact as robustness_in_short
from fastcnn.bench.report.robustness_report import full as robustness
from fastcnn.bench.report.targets import REASONS, TARGETS, Records
from fastcnn.errors import FastcnnError
from fastcnn.storage import atomic_write

PAGE = "README.md"  # in the results' folder, where sites show it


def provenance(record: Record) -> str:
    """Where, when and with what a record was measured."""
    machine = record["machine"]
    return (
        f"Measured {record['date']} at commit {machine['commit'] or 'unknown'} on {machine['processor']} "
        f"({machine['physical_cores']} cores, vectors of {machine['vector_bytes']} bytes), load "
        f"{record['load_before']:.1f} before and {record['load_after']:.1f} after; Python {machine['python']}, NumPy "
        f"{machine['numpy']}, Numba {machine['numba']} ({machine['threading_layer']}), PyTorch {machine['torch']}.\n"
    )


def targets(records: Records) -> str:
    """All goals, with what was measured; those that are missed first."""
    rows = []
    for target in TARGETS:
        value = target.measured(records)
        if value is None:
            continue
        verdict = "" if target.goal is None else "yes" if target.is_met(value) else "**no**"
        if verdict == "**no**" and target.what in REASONS:
            verdict += f": {REASONS[target.what]}"
        rows.append((target.what, target.goal_text, target.show(value), verdict))
    rows.sort(key=lambda row: not row[-1].startswith("**no**"))  # stable: those that are missed come first
    return table(("what", "goal", "measured", "met"), rows)


def training(result: Any) -> str:
    rows = [
        (
            str(row["batch"]), n, rate(row[n]["images_per_s"]), rate(row[n]["rival_images_per_s"]), row[n]["rival"],
            f"{row[n]['ratio']:.2f}", f"{row[n]['ratio_of_fastest']:.2f}", f"{row[n]['share_of_sgemm']:.2f}",
        )
        for row in result["rows"]
        for n in row
        if n.isdecimal()
    ]  # fmt: skip
    header = (
        "batch", "threads", "fastcnn, images/s", "PyTorch, images/s", "PyTorch's best (layout, optimizer, threads)",
        "ratio", "by the fastest calls", "useful FLOP/s over SGEMM's",
    )  # fmt: skip
    note = "" if result["torch_compile"] else "\nNo torch.compile: that machine has no C++ compiler.\n"
    return table(header, rows) + note


def accuracy(result: Any) -> str:
    rows = [
        (
            str(run["seed"]), f"{run['test_accuracy']:.2%}", f"{run['validation_accuracy']:.2%}",
            f"{run['mean_confidence']:.2%}", f"{run['train_s']:.1f} s",
        )
        for run in result["runs"]
    ]  # fmt: skip
    mean, spread = result["mean_test_accuracy"], result["sd_test_accuracy"]
    rows.append(("mean", f"**{mean:.3%}** ± {result['half_width_95']:.3%}", "", "", ""))
    rows.append(("standard deviation", f"{spread:.3%}", "", "", ""))
    header = ("seed", "test accuracy", "validation accuracy", "mean confidence", "training")
    return table(header, rows) + (
        f"\nThe recipe of `fastcnn train`, {result['epochs']} epochs, {result['threads']} threads; "
        "± is the 95 % interval of the mean.\n"
    )


def inference(result: Any) -> str:
    rows = [
        (
            f"{row['batch']:,}", n, duration(row[n]["median_s"]), duration(row[n]["rival_median_s"]), row[n]["rival"],
            f"{row[n]['ratio']:.2f}", f"{row[n]['ratio_of_fastest']:.2f}",
        )
        for row in result["rows"]
        for n in row
        if n.isdecimal()
    ]  # fmt: skip
    one = result["one_picture"]
    header = ("batch", "threads", "fastcnn", "PyTorch", "PyTorch's best", "ratio", "by the fastest calls")
    return table(header, rows) + (
        f"\n{one['calls']:,} calls with one picture: median {duration(one['median_s'])}, 99th percentile "
        f"{duration(one['p99_s'])}.\n"
    )


def layers(result: Any) -> str:
    directions = [key for key in result["rows"][0] if key in ("forward", "gradients")]
    columns = [(d, n) for d in directions for n in result["rows"][0][d] if n.isdecimal()]
    header = ["family", "layer", "batch"]
    for direction, n in columns:
        header += [f"{direction}, threads {n}: ratio", "by the fastest", "GFLOP/s"]
    rows = []
    for row in result["rows"]:
        cells = [row["family"], row["layer"], str(row["batch"])]
        for direction, n in columns:
            found = row[direction][n]
            cells += [f"{found['ratio']:.2f}", f"{found['ratio_of_fastest']:.2f}", f"{found['gflop_per_s']:.0f}"]
        rows.append(cells)
    return table(header, rows)


def functions(result: Any) -> str:
    counts = [n for n in result["rows"][0] if n.isdecimal()]
    header = ["function", "case"]
    for n in counts:
        header += [f"threads {n}: fastcnn", "PyTorch", "ratio", "by the fastest calls"]
    rows = []
    for row in sorted(result["rows"], key=lambda row: min(row[n]["ratio"] for n in counts)):
        cells = [row["function"], row["case"]]
        for n in counts:
            found = row[n]
            cells += [duration(found["median_s"]), duration(found["rival_median_s"])]
            cells += [f"{found['ratio']:.2f}", f"{found['ratio_of_fastest']:.2f}"]
        rows.append(cells)
    return table(header, rows)


def baselines(result: Any) -> str:
    rows = [
        (name.rsplit(", ", 1)[0], name.rsplit(", ", 1)[1], rate(found["rival_images_per_s"]), f"{found['ratio']:.1f}")
        for name, found in result.items()
        if isinstance(found, dict) and "ratio" in found
    ]
    return table(("way", "threads", "images/s", "cpu backend is so many times as fast"), rows)


def speedrun(result: Any) -> str:
    rows = [
        (kind, str(seed), f"{run['test_accuracy']:.2%}", duration(run["train_s"]), duration(run["elapsed_s"]))
        for kind, runs in (("warm", result["warm"]), ("none", result["cold"]))
        for seed, run in enumerate(runs)
    ]
    return table(("kernel cache", "seed", "test accuracy", "training", "start to exit"), rows)


def resources(result: Any) -> str:
    rows = [
        ("first training, no kernel cache", duration(result["cold_s"])),
        ("first training, kernels cached", duration(result["warm_s"])),
        (f"compiling {result['kernels']} kernels", duration(result["compiling_s"])),
        ("peak memory of training, batch 100, kernels cached", f"{result['training_peak_bytes'] / 1e6:.0f} MB"),
        ("the same, no kernel cache", f"{result['compiling_peak_bytes'] / 1e6:.0f} MB"),
    ]
    return table(("what", "measured"), rows)


def profile(result: Any) -> str:
    parts = []
    for run in result["runs"]:
        rows = [
            (
                part["name"], duration(part["mean_s"]), f"{part['gflop_per_s']:.1f}" if part["flop"] else "",
                f"{part['gb_per_s']:.1f}", f"{part['share_of_ceiling']:.2f}",
            )
            for part in run["parts"]
        ]  # fmt: skip
        rows.append(("whole step", duration(run["whole"]["mean_s"]), "", "", ""))
        parts.append(
            f"Threads {run['threads']}: SGEMM {run['sgemm_gflop_per_s']:.0f} GFLOP/s, copying "
            f"{run['bandwidth_gb_per_s']:.0f} GB/s; the parts sum to {run['sum_over_whole']:.1%} of the whole.\n\n"
            + table(("part", "time", "GFLOP/s", "GB/s", "share of its ceiling"), rows)
        )
    return "\n".join(parts)


def augmentation(result: Any) -> str:
    rows = [
        (
            row["amounts"], n, duration(row[n]["median_s"]), duration(row[n]["step_median_s"]),
            f"{row[n]['share']:.1%}", f"{row[n]['share_of_fastest']:.1%}",
        )
        for row in result["rows"]
        for n in row
        if n.isdecimal()
    ]  # fmt: skip
    return table(("amounts", "threads", "100 pictures", "training step", "share", "by the fastest calls"), rows)


def strings(result: Any) -> str:
    rows = [
        (
            f"{row['gap']:+.0%}".replace("+0%", "0%"), f"{row['right']:.1%}",
            f"{row['interval'][0]:.1%} to {row['interval'][1]:.1%}", f"{row['right_number_of_digits']:.1%}",
        )
        for row in result["rows"]
    ]  # fmt: skip
    header = ("gap, of a digit's width", "strings right", "95 % interval", "right number of digits")
    return table(header, rows) + (
        f"\n{result['rows'][0]['strings']} strings of 2 to 6 {result['digits']} for each gap; below 0 they overlap. "
        f"One core: {duration(result['median_s'])} a string on the median, {duration(result['slowest_s'])} at most.\n"
    )


def kernels(result: Any) -> str:
    rows = [
        (
            row["cpu"], f"{row['registers']} of {row['vector_bytes']} bytes", f"{row['checked']} right",
            rate(row["1"]["images_per_s"]), rate(row["2"]["images_per_s"]),
        )
        for row in result["rows"]
    ]  # fmt: skip
    header = ("instruction set", "vector registers", "answers", "images/s, 1 thread", "images/s, 2 threads")
    products = sum(row["vector_fma"] for row in result["aarch64"])
    return table(header, rows) + (
        f"\nAArch64, compiled and not run: {len(result['aarch64'])} kernels, {products} vector multiply-adds, "
        f"{sum(row['calls_of_fma'] for row in result['aarch64'])} calls of C's fma.\n"
    )


def neighbour(result: Any) -> str:
    rows = [
        (
            row["name"], duration(row["alone"]["median_s"]), duration(row["beside"]["median_s"]),
            duration(row["beside"]["p99_s"]), f"{row['slower_median']:.2f}", f"{row['slower_mean']:.2f}",
        )
        for row in result["rows"]
    ]  # fmt: skip
    header = ("who, threads", "alone", "next to a busy process", "99th percentile", "slower by median", "by mean")
    return table(header, rows)


def scaling(result: Any) -> str:
    parts = []
    for kind in ("batch", "side", "channels"):
        names = [name for name in result[kind][0] if name != "size"]
        rows = [(str(row["size"]), *(duration(row[name]["median_s"]) for name in names)) for row in result[kind]]
        parts.append(table((kind, *(f"{name.replace(', ', ', threads ')}" for name in names)), rows))
    pays = ", ".join(f"{kind} from batch {size or 'none'}" for kind, size in result["two_pay_from"].items())
    return "\n".join(parts) + f"\nTimes of one picture. Two threads are faster than one: {pays}.\n"


def cuda(result: Any) -> str:
    """Those where another is faster come first."""
    rows = []
    for row in result["rows"]:
        for what in ("train, without transfers", "train, with transfers", "infer, with transfers"):
            ours = row[f"ours, {what}"]["wall_s"]
            others = [row.get(f"{rival}, {what}", {}).get("wall_s") for rival in ("torch", "torch graph", "cpu")]
            ratio = min((each for each in others if each), default=ours) / ours
            cells = [duration(each) if each else "" for each in (ours, *others)]
            rows.append(
                (ratio, (f"{what}, {row['batch']}", *cells, f"{ratio:.2f}" if ratio >= 1 else f"**{ratio:.2f}**"))
            )
    rows.sort()
    header = (
        "what, pictures",
        "ours",
        "PyTorch",
        "PyTorch, in a CUDA graph",
        "our cpu backend",
        "fastest other over ours",
    )
    gpu = result["gpu"]
    return table(header, [cells for _, cells in rows]) + (
        f"\n{gpu['name']}, driver {gpu['driver']}, compiled by {gpu['compiler']}.\n"
    )


def gui_latency(result: Any) -> str:
    rows = []
    for row in result["rows"]:
        held, of_it = row["held"], row["held"]["of_it"]
        rows.append((
            row["state"], f"{row['median_ms']:.1f} ms", f"{row['p95_ms']:.1f} ms", f"{row['longest_ms']:.1f} ms",
            f"{held['p999_ms']:.1f} ms", f"{held['longest_ms']:.1f} ms", f"{of_it['working_ms']:.1f} ms",
            f"{of_it['queueing_for_a_processor_ms']:.1f} ms", f"{of_it['waiting_for_other_threads_ms']:.1f} ms",
        ))  # fmt: skip
    header = (
        "state", "move to answer: median", "95th percentile", "longest", "thread held: 99.9th percentile", "longest",
        "of it at work", "queueing for a processor", "waiting for other threads",
    )  # fmt: skip
    start, ready, machine = result["start_to_window_s"], result["start_to_ready_s"], result["machine_longest_ms"]
    return table(header, rows) + (
        f"\nCores: {result['cores']}. From the start of the process to the window {start:.2f} s, until the network "
        f"can answer {ready:.2f} s. A loop that does nothing else was held for up to {machine:.1f} ms.\n"
    )


def gui_soak(result: Any) -> str:
    rows = [(f"{row['minutes']:.0f}", f"{row['rounds']:,}", f"{row['memory_mb']:.1f} MB") for row in result["rows"]]
    return table(("minutes", "rounds", "memory"), rows)


def frozen(result: Any) -> str:
    rows = [
        (
            row["kind"], f"{row['build_s']:.0f} s", f"{row['bytes'] / 1e6:.0f} MB",
            *(f"{row[name]:.1f} s" for name in ("cold_s", "warm_s", "window_s", "ready_s")),
        )
        for row in result["rows"]
    ]  # fmt: skip
    header = ("program", "made in", "size", "`predict`, first start", "second start", "window shown", "network ready")
    return table(header, rows)


TABLES: dict[str, Callable[[Any], str]] = {
    "train-step": training, "inference": inference, "layers": layers, "functions": functions, "baselines": baselines,
    "augmentation": augmentation, "strings": strings,
    "speedrun": speedrun, "resources": resources, "profile": profile, "scaling": scaling, "kernels": kernels,
    "neighbour": neighbour, "seeds": accuracy, "networks": networks,
    "robustness": robustness, "refusal": refusal, "gui-latency": gui_latency, "gui-soak": gui_soak,
    "frozen": frozen, "cuda": cuda,
}  # fmt: skip
SHORT = {"robustness": robustness_in_short, "refusal": refusal_in_short}  # tables that are too long for a page of text
PAGES = ("README*.md", "docs/*.md", "kernels/cuda/README.md")  # of the checkout, those with markers


def marked_tables(records: Records) -> dict[str, str]:
    """What stands between the markers, for the benchmarks that have been run; a benchmark's place has its name."""
    found = {
        name: f"{SHORT.get(name, write_table)(records[name]['result'])}\n{provenance(records[name])}"
        for name, write_table in TABLES.items()
        if name in records
    }
    if not records:
        return found
    return found | {"targets": targets(records)} | {name: write(records) for name, write in HEADLINES.items()}


def fill_pages(root: Path, records: Records) -> None:
    """Write the tables between the markers of a checkout's pages, which together must have a place for each."""
    texts = {path: path.read_text(encoding="utf-8") for each in PAGES for path in sorted(root.glob(each))}
    contents = marked_tables(records)
    missing = sorted(set(contents).difference(*map(marked, texts.values())))
    if missing:
        raise FastcnnError(f"no page of {root} has a place for the table {missing[0]!r}; add its markers to one")
    filled = {path: fill(text, contents) for path, text in texts.items()}
    for path, text in filled.items():
        if text != texts[path]:
            atomic_write(path, text.encode())


def page(records: Records) -> str:
    """All tables and plots, as the page of the results' folder."""
    parts = ["# Results\n\nWritten by `python -m bench`; the numbers are in the JSON files beside this page.\n"]
    if records:
        parts.append(f"\n## All goals\n\n{targets(records)}")
    for name, write_table in TABLES.items():
        if name in records:
            record = records[name]
            parts.append(f"\n## {name}\n\n{provenance(record)}\n{write_table(record['result'])}")
            parts += [f"\n![{plot}]({plot}.png)\n" for plot in (*PLOTS.get(name, {}), *FIGURES.get(name, {}))]
    return "".join(parts)


def write(folder: Path, records: Records) -> None:
    """Write the page of the results' folder."""
    atomic_write(folder / PAGE, page(records).encode())
