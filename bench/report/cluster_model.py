"""The time of a training step by ranks: a model of computing, bytes and latency, and what it says of more ranks.

A step computes `own_s` on every rank, whatever their number (the optimizer, the calls), and `shared_s` for each
PICTURES pictures, which the ranks share. A rank sends and receives the gradient twice, less its own segment; the part
that travels during the backward of the layers below costs no time. In each meeting (batch normalisation, the loss) all
ranks send one message to all others, and wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

PICTURES = 256  # of a batch
BACKWARD = 0.6  # share of the computing that is backward, and hides the gradient's way
RANKS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
WORTH = 1.1  # twice the ranks are worth it while they make a step at least so many times as fast


@dataclass(frozen=True)
class Link:
    """A network between hosts with one rank each. Assumed: nothing here measures a network."""

    name: str
    bytes_per_s: float
    latency_s: float  # from one process to another
    message_s: float  # of a core, to send and to receive a message


LINKS = (Link("10 Gbit/s", 1.1e9, 30e-6, 3e-6), Link("100 Gbit/s", 11e9, 5e-6, 2e-6))


@dataclass(frozen=True)
class Work:
    """A network's step of PICTURES pictures: its computing (see above), bytes of the gradient, and meetings."""

    own_s: float
    shared_s: float
    gradient_bytes: int
    meetings: int


def fitted(times: Sequence[tuple[int, float]], cores: int) -> tuple[float, float]:
    """own_s and shared_s from the seconds of a step on some numbers of ranks, which share so many cores."""
    rows = [[max(1.0, ranks / cores), 1 / min(ranks, cores)] for ranks, _ in times]
    found, *_ = np.linalg.lstsq(np.array(rows), np.array([seconds for _, seconds in times]), rcond=None)
    own_s, shared_s = (max(0.0, float(each)) for each in found)
    return own_s, shared_s


def step_s(work: Work, link: Link, ranks: int, pictures: int) -> float:
    """The time of a step of `pictures` pictures."""
    shared_s = work.shared_s * pictures / PICTURES / ranks
    if ranks == 1:
        return work.own_s + shared_s
    messages_s = (ranks - 1) * link.message_s
    travel_s = 2 * (ranks - 1) / ranks * work.gradient_bytes / link.bytes_per_s + 2 * messages_s
    exposed_s = 2 * link.latency_s + max(0.0, travel_s - BACKWARD * shared_s)
    return work.own_s + shared_s + exposed_s + work.meetings * (link.latency_s + messages_s)


def curves(work: Work, link: Link) -> dict[str, list[float]]:
    """Times as fast as one rank, for each of RANKS: strong scaling (one batch), and weak (a batch for each rank)."""
    alone_s = step_s(work, link, 1, PICTURES)
    return {
        "strong": [alone_s / step_s(work, link, ranks, PICTURES) for ranks in RANKS],
        "weak": [ranks * alone_s / step_s(work, link, ranks, ranks * PICTURES) for ranks in RANKS],
    }


def most_ranks(speeds: Sequence[float]) -> int:
    """The number of ranks after which twice as many are no longer worth it."""
    pairs = zip(RANKS, speeds, speeds[1:], strict=False)
    return next((ranks for ranks, now, then in pairs if then < WORTH * now), RANKS[-1])


def draw(axes: Any, result: Any) -> None:
    """The strong and the weak scaling of each network, on each link."""
    for i, row in enumerate(result["rows"]):
        for style, link in zip("-:", LINKS, strict=True):
            found = curves(Work(**row["work"]), link)
            for scaling, mark in (("weak", "s"), ("strong", "o")):
                label = f"{row['network']}, {scaling}, {link.name}"
                axes.plot(RANKS, found[scaling], f"{style}{mark}", color=f"C{i}", markersize=3, label=label)
    axes.plot(RANKS, RANKS, color="black", linewidth=0.8)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set_ylim(0.5, RANKS[-1])
    axes.set_xlabel("ranks")
    axes.set_ylabel("times as fast as one rank (model)")
    axes.legend(fontsize=5, ncols=2)
