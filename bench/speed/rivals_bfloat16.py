"""`bench rivals-bfloat16`: the networks of `bench rivals` in bfloat16 against the engines that have it.

All as there: answers are checked first, and each rival has processes of its own. PyTorch computes with autocast,
TensorFlow as by mixed_bfloat16, and OpenVINO in bf16. A product of two matrices by the same tile is measured too: it is
what the tile reaches where nothing else is to do.
"""

from __future__ import annotations

from typing import Any

from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import bfloat16_tables
from fastcnn.bench.report.bfloat16_tables import WANTED
from fastcnn.bench.rivals.networks import NETWORKS
from fastcnn.bench.speed.bfloat16 import product_flop_per_s
from fastcnn.bench.speed.rivals import QUICK_BATCH, Case, compared
from fastcnn.kernels.precision import BFLOAT16

QUICK_SIDE, SIDE = 512, 2048  # of the matrices


def cases() -> list[Case]:
    return [Case(network, mode, batch) for network, mode, batch, *_ in WANTED]


def case_names() -> list[str]:
    """The names of cases for --only."""
    return list(map(str, cases()))


def run(settings: Settings) -> dict[str, Any]:
    precision = settings.precision or BFLOAT16
    wanted = [case for case in cases() if settings.wants(str(case))]
    if settings.quick and not settings.only:
        wanted = [case for case in wanted if case.batch <= QUICK_BATCH]
    chosen = [(case, NETWORKS[case.network][0]()) for case in wanted]
    for _, network in chosen:
        network.precision = precision  # an error where this CPU cannot do it, or gains nothing
    side = QUICK_SIDE if settings.quick else SIDE
    products = {str(n): product(precision, n, side, settings) for n in settings.threads}
    found = compared(chosen, settings)
    return found | {"precision": precision, "threads": list(map(str, settings.threads)), "products": products}


def product(precision: str, threads: int, side: int, settings: Settings) -> float:
    """GFLOP/s of a product of matrices by the tile of a precision."""
    from fastcnn.kernels.cpu.bfloat16.units import chosen

    unit = precision.partition("-")[2] or chosen()
    found = product_flop_per_s(unit, threads, side) / 1e9
    settings.say(f"threads {threads}: a product of {side} x {side} matrices {found:.0f} GFLOP/s")
    return found


tabulate = bfloat16_tables.tabulate
