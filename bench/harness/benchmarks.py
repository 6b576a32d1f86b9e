"""The one table of benchmarks: the command, its options, the tables and the pages take names from here.

Imports nothing slow: the command line is built with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Benchmark:
    """A benchmark's row in the table.

    module : under `fastcnn.bench`; it has `run(settings)`, which gives what JSON can hold, and `tabulate(result)`, the
        documentation's table in Markdown; perhaps `in_short(result)`, where that is too long for a page of text; and
        `case_names()` if it takes "only"
    about : what it measures
    takes : the options that mean something to it
    when_named : it runs only where it is named: it takes hours, or needs Qt, PyInstaller, MPI or a file of drawings
    """

    module: str
    about: str
    takes: tuple[str, ...] = ()
    when_named: bool = False

    def load(self) -> Any:
        """Its module."""
        return import_module(f"fastcnn.bench.{self.module}")


BENCHMARKS = {  # run in this order
    "rivals": Benchmark(
        "speed.rivals", "training and inference of four networks against the best other engine",
        ("threads", "only", "resume"),
    ),
    "layers": Benchmark("speed.layers", "24 convolutions inside a network against PyTorch", ("threads", "only")),
    "functions": Benchmark("speed.functions", "the public functions against PyTorch", ("threads", "only", "resume")),
    "baselines": Benchmark("speed.baselines", "training steps against NumPy", ("threads",)),
    "speedrun": Benchmark("speed.speedrun", "the whole process to 99 %"),
    "resources": Benchmark("speed.resources", "compiling and memory"),
    "profile": Benchmark("speed.profile", "each step of the plan against the machine's ceiling", ("threads",)),
    "augmentation": Benchmark(
        "speed.augmentation", "changing the pictures, as a share of a training step", ("threads",)
    ),
    "scaling": Benchmark("speed.scaling", "time by batch, threads, side and channels", ("threads",)),
    "kernels": Benchmark("speed.portability", "other instruction sets; AArch64 assembly", ("cpu_name",)),
    "bfloat16": Benchmark("speed.bfloat16", "the tiles for bfloat16 against that for float32, on one core"),
    "rivals-bfloat16": Benchmark(
        "speed.rivals_bfloat16", "the same networks in bfloat16 against the engines that have it; takes --precision",
        ("threads", "only", "precision"), when_named=True,
    ),
    "neighbour": Benchmark("speed.neighbour", "with a busy process next to it", ("threads",)),
    "cluster": Benchmark(
        "speed.cluster", "training steps by ranks, and a model of many hosts; needs MPI", when_named=True
    ),
    "seeds": Benchmark("accuracy.seeds", "the accuracy of fastcnn train's recipe over seeds", ("threads",)),
    "precision": Benchmark(
        "accuracy.precision", "the accuracy of trainings in bfloat16 against float32; takes --precision",
        ("threads", "precision", "resume"), when_named=True,
    ),
    "networks": Benchmark(
        "accuracy.networks", "the networks in the package, trained again: MNIST, drawings, times; needs --weights",
        ("weights", "strokes"), when_named=True,
    ),
    "strings": Benchmark(
        "accuracy.strings", "several digits in a picture, apart and touching; takes --strokes",
        ("strokes",), when_named=True,
    ),
    "pages": Benchmark(
        "accuracy.pages", "pages of digits and signs on all kinds of paper; takes --strokes",
        ("only", "strokes"), when_named=True,
    ),
    "robustness": Benchmark(
        "accuracy.robustness", "the networks in the package as drawings and pictures change; takes --strokes",
        ("threads", "only", "strokes"), when_named=True,
    ),
    "hands": Benchmark(
        "accuracy.hands", "unusual ways of writing, one drawing each, with three pens; needs --strokes",
        ("strokes",), when_named=True,
    ),
    "refusal": Benchmark(
        "accuracy.refusal", "what is no digit and is refused, and real digits that are; takes --strokes",
        ("strokes",), when_named=True,
    ),
    "gui-latency": Benchmark(
        "window.latency", "the window: from a mouse move to the shown answer, and what holds its thread",
        when_named=True,
    ),
    "gui-soak": Benchmark("window.soak", "the window: memory over 30 minutes of drawing", when_named=True),
    "frozen": Benchmark(
        "window.frozen", "programs that PyInstaller makes of the installed fastcnn: size, first and second start",
        when_named=True,
    ),
}  # fmt: skip
# Asked for by --backend cuda, and by nothing else.
CUDA = {
    "cuda": Benchmark("cuda.device", "training and inference of the paper's network on a GPU, against PyTorch"),
}
WHEN_NAMED = tuple(name for name, benchmark in BENCHMARKS.items() if benchmark.when_named)


def takers(option: str) -> tuple[str, ...]:
    """The benchmarks to which an option means something."""
    return tuple(name for name, benchmark in BENCHMARKS.items() if option in benchmark.takes)
