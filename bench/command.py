"""The command `bench`: the list of benchmarks, their options, and the places of their results.

It imports nothing slow, because every start of the command line imports it.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcnn.bench.harness.benchmarks import BENCHMARKS, CUDA, WHEN_NAMED, takers
from fastcnn.bench.options import CONVOLUTION, NETWORK, NUMBERS, check_cuda, check_options, check_single, with_cases
from fastcnn.commands.memory_limit import check_memory
from fastcnn.commands.options import add_precision
from fastcnn.commands.outputs import Output, check_outputs, json_output, write_json
from fastcnn.errors import FastcnnError, UsageError
from fastcnn.ours import PAGE, PLOT, RESULT

if TYPE_CHECKING:
    from fastcnn.bench.harness.kept import Kept
    from fastcnn.bench.harness.settings import Settings

TABLES = "tables"  # no benchmark: it only writes tables and plots again
PLOTTING = "matplotlib"
LARGEST = 1 << 20  # of a number that describes a shape


def _threads(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"must be whole numbers from 1 with commas between, such as 1,2, not {text!r}")
    return tuple(sorted({int(part) for part in parts}))


def _numbers(*counts: int, least: int = 1) -> Callable[[str], tuple[int, ...]]:
    """A type for argparse: whole numbers with commas between; one stands for two of the same where two are allowed."""

    def convert(text: str) -> tuple[int, ...]:
        parts = text.split(",")
        if len(parts) not in counts or not all(
            p.isascii() and p.isdecimal() and least <= int(p) <= LARGEST for p in parts
        ):
            what = " or ".join(map(str, counts))
            raise argparse.ArgumentTypeError(
                f"must be {what} whole numbers from {least} to {LARGEST}, not {text!r:.40}"
            )
        found = tuple(map(int, parts))
        return found * 2 if len(found) == 1 and 2 in counts else found

    return convert


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fastcnn bench`."""
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"{', '.join(BENCHMARKS)}; or {TABLES} (if left out: all but {', '.join(WHEN_NAMED)}); or {NETWORK} "
        "with a weights file, a name in the package or a .json file; or "
        f"{CONVOLUTION} with --shape, --filters and --kernel",
    )
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it works; kept with --out only")
    parser.add_argument("--threads", type=_threads, metavar="N,...", help="threads to measure (if left out: 1, 2, all)")
    parser.add_argument("--only", metavar="TEXT", help="only the cases with this in their name; kept with --out only")
    parser.add_argument(
        "--resume", action="store_true", help=f"for {', '.join(takers('resume'))}: go on where a run was interrupted"
    )
    parser.add_argument("--cpu-name", action="append", metavar="CPU", help="for kernels: a CPU that LLVM knows")
    one = parser.add_argument_group(f"for {CONVOLUTION}")
    one.add_argument("--shape", type=_numbers(4), metavar="N,C,H,W", help="of the pictures")
    one.add_argument("--filters", type=_numbers(1), metavar="K", help="channels that go out")
    one.add_argument("--kernel", type=_numbers(1, 2), metavar="R[,S]", help="height and width of the kernel")
    one.add_argument("--stride", type=_numbers(1, 2), metavar="N[,M]", help="if left out: 1")
    one.add_argument("--padding", type=_numbers(1, 2, least=0), metavar="N[,M]", help="if left out: 0")
    one.add_argument("--dilation", type=_numbers(1, 2), metavar="N[,M]", help="if left out: 1")
    one.add_argument("--groups", type=_numbers(1), metavar="N", help="if left out: 1")
    parser.add_argument("--weights", metavar="DIR", help="for networks: the folder that keeps what is trained")
    add_precision(parser, f"for {', '.join(takers('precision'))} and {NETWORK}: the numbers that are multiplied")
    parser.add_argument("--strokes", metavar="FILE", help=f"for {', '.join(takers('strokes'))}: drawings")
    parser.add_argument(
        "--out", metavar="DIR", help="folder for the results (if left out: the checkout's bench/results)"
    )
    parser.add_argument("--json", metavar="FILE", help="also write all results to FILE; - is standard output")
    parser.add_argument(
        "--backend", choices=["cpu", "cuda"], default="cpu", help="cuda: the paper's network on a GPU, nothing else"
    )


def _settings(args: argparse.Namespace) -> Settings:
    from fastcnn import kernels
    from fastcnn.bench.harness.settings import Settings, default_threads
    from fastcnn.handwriting.stroke_files import read_drawings
    from fastcnn.kernels.threads import limit

    if args.strokes:
        read_drawings(args.strokes)  # an error in it is reported before the first benchmark
    kernels.use("cpu")
    threads = args.threads or default_threads()
    if threads[-1] > limit():
        raise UsageError(f"--threads must be at most {limit()}, not {threads[-1]} (NUMBA_NUM_THREADS raises the limit)")
    return Settings(
        quick=args.quick, threads=threads, only=args.only or "", cpu_names=tuple(args.cpu_name or ()),
        weights=args.weights,
        strokes=args.strokes, precision=args.precision or "",
    )  # fmt: skip


def _kept(folder: Path, name: str, settings: Settings, resume: bool) -> Kept:
    """The rows of this benchmark that an interrupted run left in the folder."""
    from fastcnn.bench.harness import record
    from fastcnn.bench.harness.kept import Kept, part_of

    conditions = {"machine": record.machine(), "threads": list(settings.threads), "quick": settings.quick}
    found = Kept(part_of(folder, name), name, conditions, resume=resume)
    if resume:
        settings.say(f"{name}: {found.resumed} rows are there from a run that was interrupted")
    return found


def measure(name: str, settings: Settings) -> dict[str, Any]:
    """Run one benchmark. Returns its numbers and everything that they depend on."""
    benchmark = (BENCHMARKS | CUDA)[name]
    settings.say(f"\n== {name}: {benchmark.about}")
    return _recorded(name, settings, benchmark.load().run)


def _recorded(name: str, settings: Settings, run: Callable[[Settings], Any]) -> dict[str, Any]:
    from fastcnn.bench.harness import record

    before, start = record.load(), time.perf_counter()
    result = run(settings)
    return {
        "benchmark": name,
        "date": record.now(),
        "machine": record.machine(),
        "threads": list(settings.threads),
        "load_before": before,
        "load_after": record.load(),
        "elapsed_s": time.perf_counter() - start,
        "quick": settings.quick,
        "result": result,
    }


def bench(args: argparse.Namespace) -> None:
    """Run benchmarks, keep the results, and write tables and plots."""
    if getattr(sys, "frozen", False):
        raise FastcnnError(
            "the benchmarks start Python, which is not in this program; run them where fastcnn is installed"
        )
    if args.names[:1] in ([NETWORK], [CONVOLUTION]):
        _single(args)
        return
    unknown = [name for name in args.names if name not in (*BENCHMARKS, TABLES)]
    if unknown:
        raise UsageError(f"there is no benchmark {unknown[0]!r:.60}; fastcnn bench --help names them")
    from fastcnn.bench.harness import record
    from fastcnn.bench.harness.kept import Kept

    folder = Path(args.out) if args.out else record.results_folder()
    keeps = bool(args.out) or not (args.quick or args.only or args.cpu_name)
    wanted = args.names or [name for name in BENCHMARKS if name not in WHEN_NAMED]
    names = [name for name in wanted if name != TABLES]
    if args.resume and not keeps:
        raise UsageError("--resume has no effect where nothing is kept; add --out DIR")
    if args.backend == "cuda":
        check_cuda(args)
        importlib.import_module("fastcnn.kernels").use("cuda")  # where there is no GPU, that is said first
        names = list(CUDA)
    else:
        check_options(args, names)
    if args.only is not None:
        names = with_cases(names, args.only)
    publishes = keeps or TABLES in args.names
    check_outputs([*_outputs(folder, names if keeps else [], publishes), *json_output(args.json)], [args.strokes])
    check_memory()
    found = {}
    if (publishes or "refusal" in names) and importlib.util.find_spec(PLOTTING) is None:
        raise FastcnnError(f'{PLOTTING} is missing; install the extra: pip install ".[bench]"')
    if names:
        settings = _settings(args)
        for name in names:
            kept = _kept(folder, name, settings, args.resume) if keeps and name in takers("resume") else Kept()
            found[name] = measure(name, replace(settings, kept=kept))
            if keeps:
                settings.say(f"{record.write(folder, name, found[name])}: {found[name]['elapsed_s']:.0f} s")
                kept.end()
    write_json(args.json, found)
    if publishes:
        if not folder.is_dir():
            raise FastcnnError(f"there are no results in {folder}; measure first, or choose another --out")
        _publish(folder)


def _single(args: argparse.Namespace) -> None:
    """Measure the network or the shape that was given, and print its table."""
    check_single(args)
    kind = args.names[0]
    read = [word for word in args.names[1:] if Path(word).exists()]
    check_outputs(json_output(args.json), read)
    check_memory()
    settings = _settings(args)
    module = importlib.import_module(f".speed.one_{'network' if kind == NETWORK else 'convolution'}", __package__)
    if kind == NETWORK:
        given = module.find(args.names[1])
    else:
        options = {name: getattr(args, name) for name in NUMBERS if getattr(args, name) is not None}
        given = module.case_of(**{name: v[0] if name in ("filters", "groups") else v for name, v in options.items()})
    found = _recorded(kind, settings, lambda settings: module.run(settings, given))
    write_json(args.json, {kind: found})
    from fastcnn.bench.report.tables import provenance

    settings.say(f"\n{module.tabulate(found['result'])}\n{provenance(found)}")


def _outputs(folder: Path, names: Sequence[str], publishes: bool) -> list[Output]:
    """The files written into the results' folder: a record for each name, and the page and plots of all records."""
    from fastcnn.bench.harness.kept import part_of
    from fastcnn.bench.report import plots, tables

    files = [(f"{name}.json", RESULT) for name in names]
    files += [(part_of(folder, name).name, RESULT) for name in names if name in takers("resume")]
    if publishes:
        shown = [name for name in BENCHMARKS | CUDA if name in names or (folder / f"{name}.json").exists()]
        files += [(tables.PAGE, PAGE), *((f"{plot}.png", PLOT) for name in shown for plot in plots.names_of(name))]
    return [Output("--out", folder / name, kind, makes_folder=True) for name, kind in files]


def _publish(folder: Path) -> None:
    """Write tables and plots of all results in a folder, and those of the docs if it is the checkout's folder."""
    from fastcnn.bench.harness import record
    from fastcnn.bench.report import plots, tables

    records = record.read(folder)
    plots.draw(folder, records)
    tables.write(folder, records)
    if record.in_checkout() and folder.resolve() == record.results_folder().resolve():
        tables.fill_pages(record.ROOT, records)
    print(f"{folder}: tables and plots written")
