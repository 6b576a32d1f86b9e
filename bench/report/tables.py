"""The tables of the docs and of the results' page. They are written from the records, and no number is typed."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from fastcnn.bench.harness.benchmarks import BENCHMARKS, CUDA
from fastcnn.bench.harness.record import Record
from fastcnn.bench.report import bfloat16_tables
from fastcnn.bench.report.headline import HEADLINES
from fastcnn.bench.report.markdown import fill, marked, table
from fastcnn.bench.report.plots import FIGURES, PLOTS
from fastcnn.bench.report.targets import REASONS, TARGETS, Records
from fastcnn.errors import FastcnnError
from fastcnn.layers import KINDS
from fastcnn.storage import atomic_write
from fastcnn.zoo.bundled import SUFFIX, WEIGHTS
from fastcnn.zoo.networks import NAMED

PAGES = ("README*.md", "docs/*.md", "kernels/cuda/README.md")  # the pages of the checkout that may have markers
# What a page shows of a benchmark without a record: its rows, and that they were not measured.
UNMEASURED = {"rivals-bfloat16": bfloat16_tables.unmeasured}
PAGE = "README.md"  # in the results' folder, where web sites show it


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
    """All goals with the measured numbers, the missed goals first."""
    rows = []
    for target in TARGETS:
        value = target.measured(records)
        if value is None:
            continue
        verdict = "" if target.goal is None else "yes" if target.is_met(value) else "**no**"
        if verdict == "**no**" and target.what in REASONS:
            verdict += f": {REASONS[target.what]}"
        rows.append((target.what, target.goal_text, target.show(value), verdict))
    rows.sort(key=lambda row: not row[-1].startswith("**no**"))  # stable: missed goals come first
    return table(("what", "goal", "measured", "met"), rows)


def zoo() -> str:
    """The networks that have a name."""
    rows = []
    for name, network in NAMED.items():
        parameters = network.members * network.make(seed=0).parameter_count
        trained = "yes" if (WEIGHTS / f"{name}{SUFFIX}").exists() else ""
        rows.append((f"`{name}`", network.about, f"{parameters:,}", trained))
    return table(("name", "what it is", "parameters", "weights in the package"), rows)


def layers() -> str:
    """The layers with their options and the first paragraph of their docstrings."""
    rows = []
    for name, kind in KINDS.items():
        if not kind.__module__.startswith("fastcnn.layers."):
            continue  # a user's
        options = [each.replace(annotation=each.empty) for each in inspect.signature(kind).parameters.values()]
        about = (inspect.getdoc(kind) or "").split("\n\n")[0]
        rows.append((f"`{name}{inspect.Signature(options)}`", " ".join(about.split())))
    return table(("layer", "what it does"), rows)


def _measured(records: Records) -> list[tuple[str, Any]]:
    """The benchmarks with a record, each with its module."""
    return [(name, benchmark.load()) for name, benchmark in (BENCHMARKS | CUDA).items() if name in records]


def marked_tables(records: Records) -> dict[str, str]:
    """The texts between the markers, by name, for all benchmarks with a record, and for the rows of one without."""
    found: dict[str, str] = {}
    for name, module in _measured(records):
        write_table = getattr(module, "in_short", module.tabulate)
        found[name] = f"{write_table(records[name]['result'])}\n{provenance(records[name])}"
    if not records:
        return found
    found |= {name: write() for name, write in UNMEASURED.items() if name not in records}
    found |= {"targets": targets(records), "zoo": zoo(), "all-layers": layers()}
    return found | {name: write(records) for name, write in HEADLINES.items()}


def fill_pages(root: Path, records: Records) -> None:
    """Write the tables between the markers of a checkout's pages. Each table must have a place in one of them."""
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
    for name, module in _measured(records):
        record = records[name]
        parts.append(f"\n## {name}\n\n{provenance(record)}\n{module.tabulate(record['result'])}")
        parts += [f"\n![{plot}]({plot}.png)\n" for plot in (*PLOTS.get(name, {}), *FIGURES.get(name, {}))]
    return "".join(parts)


def write(folder: Path, records: Records) -> None:
    """Write the page of the results' folder."""
    atomic_write(folder / PAGE, page(records).encode())
