"""`bench rivals`: training steps and inference of four networks against the best other engine, whichever it is.

A training step is forward, backward and an update by Adam. fastcnn gets uint8 pictures, as its trainer keeps them, and
scales them in the step; the rivals get them scaled. Each rival has processes of its own, on as many cores as it has
threads; with n threads, the fastest of its numbers up to n counts. Its answer is compared with the NumPy reference in
float64, as ours is, before it is timed. A rival that is not there is named in the record, with the reason. Where the
network is in bfloat16, so are the rivals.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

from fastcnn import Sequential, Trainer, optim
from fastcnn.arrays import Array
from fastcnn.bench.harness.batches import over_batches, scaled
from fastcnn.bench.harness.peak import peaks
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import Rival, Timing, compare, interleave, rival, time_turn
from fastcnn.bench.report import rival_tables
from fastcnn.bench.rivals import networks
from fastcnn.bench.rivals.networks import NETWORKS
from fastcnn.bench.rivals.team import INFERENCE, TRAINING, Team, engine_of, engines_in, threads_of
from fastcnn.kernels.precision import FLOAT32
from fastcnn.kernels.threads import set_threads

INFERENCE_BATCHES = (1, 32, 1000)
QUICK_BATCH = 100  # larger batches are left out where only few rounds are wanted
LR = 0.001
BATCHES_KEPT = 50  # with one batch again and again gradients would become denormal numbers, which are slow
KEPT_BYTES = 64 << 20  # of float32 pictures, which every process has; of large pictures fewer batches, at least two
MOST_S = 60.0  # of a case: then no further round begins. The spread of long calls is small
CALLS_IN_A_ROW = 10_000
OURS = "fastcnn, {}"


@dataclass(frozen=True)
class Case:
    """One network, what it does, and the size of the batch."""

    network: str
    mode: str
    batch: int

    def __str__(self) -> str:
        return f"{self.network}, {self.mode}, {self.batch}"


def cases() -> list[Case]:
    found = []
    for name, (_, batches) in NETWORKS.items():
        found += [Case(name, TRAINING, batch) for batch in batches]
        found += [Case(name, INFERENCE, batch) for batch in INFERENCE_BATCHES]
    return found


def case_names() -> list[str]:
    """The names of cases for --only."""
    return list(map(str, cases()))


def useful_flop(network: Sequential, mode: str, images: Array, labels: Array) -> int:
    """Two for each multiply-add: of the forward, or of the plan's steps, without those that max-pool makes zero."""
    forward = sum(layer.multiply_adds for layer in network.layers)
    if mode == INFERENCE:
        return 2 * len(images) * forward
    if not network.has_plan:
        return 6 * len(images) * forward
    parts, _ = network.training_parts(images, labels)
    return 2 * sum(part.multiply_adds for part in parts)


def _precision(network: Sequential) -> dict[str, bool]:
    """What a rival is told of the precision. In float32 nothing, as not every rival has bfloat16."""
    return {} if network.precision == FLOAT32 else {"bfloat16": True}


def train(
    network: Sequential, batch: int, team: Team, settings: Settings
) -> tuple[list[Rival], list[Rival], dict[str, str]]:
    """Our training steps, the rivals', and who is left out; all answers are right."""
    network = networks.with_biases(network)
    count = min(BATCHES_KEPT, max(2, KEPT_BYTES // (4 * batch * prod(network.input_shape))))
    images, labels = networks.pictures_for(network, count * batch)
    first, in_float32 = (images[:batch], labels[:batch]), networks.changed(network, dropout=False)
    exact = in_float32.copy()
    exact.precision = network.precision
    check = partial(networks.require_gradients, expected=networks.true_gradients(network, *first))
    ours = []
    for n in settings.threads:
        set_threads(n)
        found = networks.gradients_of(exact, *first)
        check(OURS.format(n), exact, found)
        trainer = Trainer(network.copy(), optim.Adam(LR))
        ours.append(rival(OURS.format(n), over_batches(trainer.step, images, labels, batch), n))
    given = {
        "images": scaled(images), "labels": labels, "batch": batch, "lr": LR, "compiled": not settings.quick,
        **_precision(network),
    }  # fmt: skip
    whole = given | {"network": networks.changed(network)} if networks.drops(network) else None
    theirs, left_out = team.build(
        TRAINING, lambda who, found: check(who, exact, found), given | {"network": in_float32}, whole
    )
    return ours, theirs, left_out


def infer(
    network: Sequential, batch: int, team: Team, settings: Settings
) -> tuple[list[Rival], list[Rival], dict[str, str]]:
    """The same for the logits of a batch."""
    images, _ = networks.pictures_for(network, batch)
    check = partial(networks.require_logits, expected=networks.true_logits(network, images))
    ours = []
    for n in settings.threads:
        set_threads(n)
        network.prepare(batch)  # as the 300th call would do; the rivals are ready, too
        check(OURS.format(n), network, network.forward(images))
        ours.append(rival(OURS.format(n), lambda: network.forward(images), n))
    given = {"network": networks.changed(network), "images": scaled(images), "compiled": not settings.quick}
    given |= _precision(network)
    theirs, left_out = team.build(INFERENCE, lambda who, found: check(who, network, found[0]), given, None)
    return ours, theirs, left_out


def measure(
    case: Case, network: Sequential, team: Team, settings: Settings, ceilings: dict[str, dict[str, float]]
) -> dict[str, Any]:
    """The row of a case."""
    make = train if case.mode == TRAINING else infer
    ours, theirs, left_out = make(network, case.batch, team, settings)
    flop = useful_flop(network, case.mode, *networks.pictures_for(network, case.batch))
    turn_s = settings.turn_s * (2 if case.mode == TRAINING else 1)
    timings = interleave([*ours, *theirs], rounds=settings.rounds, turn_s=turn_s, most_s=MOST_S)
    row: dict[str, Any] = {"network": case.network, "mode": case.mode, "batch": case.batch, "flop": flop}
    row["left_out"] = left_out
    for n in settings.threads:
        row[str(n)] = against(timings, n, case.batch, flop, ceilings[str(n)])
        settings.say(_line(case, n, row[str(n)]))
    for name, why in left_out.items():
        if name not in team.missing:
            settings.say(f"{case}: without {name}: {why}")
    row["timings"] = {name: timing.summary() for name, timing in timings.items()}
    return row


def against(timings: dict[str, Timing], n: int, batch: int, flop: int, ceiling: dict[str, float]) -> dict[str, Any]:
    """Ours with n threads, and the best of the rivals with at most as many; `engines` has the best of each engine."""
    mine = timings[OURS.format(n)]
    eligible = [name for name in timings if engine_of(name) != engine_of(OURS) and threads_of(name) <= n]
    rate = flop / mine.median / 1e9
    found = {
        "median_s": mine.median,
        "quartiles_s": list(mine.quartiles),
        "images_per_s": batch / mine.median,
        "gflop_per_s": rate,
        "share_of_sgemm": rate / ceiling["sgemm_gflop_per_s"],
        "share_of_peak": rate / ceiling["fma_gflop_per_s"],
    }
    if not eligible:
        return found
    best = compare(timings, OURS.format(n), eligible)
    engines: dict[str, float] = {}
    for name in sorted(eligible, key=lambda name: timings[name].median, reverse=True):
        engines[engine_of(name)] = timings[name].median / mine.median
    return (
        found
        | best
        | {
            "rival_quartiles_s": list(timings[best["rival"]].quartiles),
            "rival_images_per_s": batch / best["rival_median_s"],
            "engines": engines,
        }
    )


def _line(case: Case, n: int, found: dict[str, Any]) -> str:
    text = f"{case}, threads {n}: fastcnn {found['median_s'] * 1e6:,.0f} us, {found['gflop_per_s']:.0f} GFLOP/s"
    if "ratio" not in found:
        return f"{text}; no rival is here"
    return (
        f"{text}; best rival {found['rival']} {found['rival_median_s'] * 1e6:,.0f} us: ratio {found['ratio']:.2f} (by "
        f"the fastest calls {found['ratio_of_fastest']:.2f})"
    )


def compared(chosen: Sequence[tuple[Case, Sequential]], settings: Settings) -> dict[str, Any]:
    """The rows of all cases, with the rivals that are here and those that are not. All are in one precision."""
    ceilings = settings.kept.row("peaks", lambda: {str(n): peaks(n) for n in settings.threads})
    start = time.perf_counter()
    for n, each in ceilings.items():
        settings.say(
            f"threads {n}: multiply-adds in registers {each['fma_gflop_per_s']:.0f} GFLOP/s, SGEMM "
            f"{each['sgemm_gflop_per_s']:.0f}"
        )
    with Team(settings.threads, engines_in(chosen[0][1].precision)) as team:
        for name, why in team.missing.items():
            settings.say(f"{name} is left out: {why}")
        rows = []
        for number, (case, network) in enumerate(chosen, 1):
            settings.say(f"[{number} of {len(chosen)}, {time.perf_counter() - start:.0f} s] {case}")
            rows.append(settings.kept.row(str(case), partial(measure, case, network, team, settings, ceilings)))
        return {"rows": rows, "peaks": ceilings, "versions": team.versions, "missing": team.missing}


def calls_in_a_row(settings: Settings) -> dict[str, Any]:
    """The latency of one picture of the paper's network over many calls: the median and high percentiles."""
    network = NETWORKS["paper"][0]()
    image, _ = networks.pictures_for(network, 1)
    set_threads(min(2, settings.threads[-1]))
    network.forward(image)
    count = CALLS_IN_A_ROW // (10 if settings.quick else 1)
    timing = Timing(tuple(time_turn(lambda: network.forward(image), 60.0, most=count)))
    p99 = timing.percentile(0.99)
    settings.say(f"one picture, {count:,} calls: median {timing.median * 1e6:.1f} us, p99 {p99 * 1e6:.1f} us")
    return timing.summary() | {"p99_s": p99, "p99_over_median": p99 / timing.median}


def run(settings: Settings) -> dict[str, Any]:
    wanted = [case for case in cases() if settings.wants(str(case))]
    if settings.quick and not settings.only:
        wanted = [case for case in wanted if case.batch <= QUICK_BATCH]
    made = {case.network: NETWORKS[case.network][0]() for case in wanted}
    result = compared([(case, made[case.network]) for case in wanted], settings)
    return result | {"one_picture": settings.kept.row("one picture", partial(calls_in_a_row, settings))}


tabulate = rival_tables.rivals
