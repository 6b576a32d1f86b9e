"""The command `profile`: each step of a network's training, with time, GFLOP/s, share of the CPU's peak, and bytes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcnn.commands.common import prepare
from fastcnn.commands.outputs import check_outputs, json_output, write_json
from fastcnn.kernels.values import counted

if TYPE_CHECKING:
    from fastcnn.network.profiling import Profile


def profile(args: argparse.Namespace) -> None:
    """Measure a network's steps on random pictures, and print them."""
    from fastcnn.bench.speed.one_network import read

    check_outputs(json_output(args.json), [args.network] if Path(args.network).exists() else [])
    prepare(args)
    network = read(args.network)
    from fastcnn.bench.harness.peak import peaks
    from fastcnn.bench.harness.record import machine
    from fastcnn.bench.harness.room import check_room
    from fastcnn.bench.rivals.networks import pictures_for, values_of
    from fastcnn.kernels.threads import threads

    # Values and gradients of all layers, were no two of them one step.
    check_room(8 * args.batch * values_of(network), f"--batch {args.batch}")
    images, _ = pictures_for(network, args.batch)
    found = network.profile(images)
    result = {**described(found, args.network, peaks(threads())), "processor": machine()["processor"]}
    write_json(args.json, result)
    print(f"{tabulate(result)}\nProcessor: {result['processor']}")


def described(found: Profile, model: str, ceilings: dict[str, float]) -> dict[str, Any]:
    """A profile ready for JSON, with the share that each step reaches of the peak."""
    steps = [
        {
            "name": row.name,
            "seconds": row.seconds,
            "share": row.share,
            "gflop_per_s": row.gflop_per_s,
            "share_of_peak": None if row.gflop_per_s is None else row.gflop_per_s / ceilings["fma_gflop_per_s"],
            "bytes": row.nbytes,
        }
        for row in found.rows
    ]
    return {
        "profile": model, "batch": found.images, "rounds": found.rounds, "backend": found.backend,
        "threads": found.threads, "seconds": found.seconds, **ceilings, "steps": steps,
    }  # fmt: skip


def tabulate(result: dict[str, Any]) -> str:
    """The table that the command prints."""
    from fastcnn.network.summary import text_table

    rows = [("step", "", "ms", "share", "GFLOP/s", "of the peak", "MB")]
    for step in result["steps"]:
        rate = (
            ("", "") if step["gflop_per_s"] is None else (f"{step['gflop_per_s']:.1f}", f"{step['share_of_peak']:.2f}")
        )
        cells = f"{1e3 * step['seconds']:.3f}", f"{step['share']:.1%}", *rate
        rows.append((step["name"], "", *cells, f"{step['bytes'] / 1e6:.2f}" if step["bytes"] else ""))
    rows.append(("all", "", f"{1e3 * result['seconds']:.3f}", "", "", "", ""))
    head = (
        f"{result['profile']}: {counted(result['batch'], 'picture')}, backend {result['backend']}, "
        f"threads {result['threads']}, median of {counted(result['rounds'], 'round')}; "
        f"multiply-adds in registers {result['fma_gflop_per_s']:.0f} GFLOP/s (the peak), "
        f"SGEMM {result['sgemm_gflop_per_s']:.0f}"
    )
    return f"{head}\n{text_table(rows)}"
