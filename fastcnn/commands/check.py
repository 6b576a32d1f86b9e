"""The command `check`: every kernel of the backend in use against the reference, on this machine."""

from __future__ import annotations

import argparse

from fastcnn.commands.common import prepare
from fastcnn.commands.info import collect
from fastcnn.commands.outputs import check_outputs, json_output, write_json


def check(args: argparse.Namespace) -> bool:
    """Check the kernels and print a table; returns whether all answers are right."""
    check_outputs(json_output(args.json))
    prepare(args)
    from fastcnn.checking.check import check as check_kernels

    report = check_kernels(args.seconds)
    write_json(args.json, {**report.describe(), "info": collect()})
    print(report)
    return report.passed
