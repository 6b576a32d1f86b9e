"""The command `data`: list datasets, or fetch one."""

from __future__ import annotations

import argparse
import logging

from fastcnn.errors import UsageError

BUILT_IN = "mnist"  # the dataset in the package

log = logging.getLogger("fastcnn")


def data(args: argparse.Namespace) -> None:
    """List the datasets, or fetch one."""
    from fastcnn.data.datasets import find_dataset
    from fastcnn.data.download import datasets, fetch

    if args.action == "fetch":
        try:
            find_dataset(args.name)
        except ValueError as error:
            raise UsageError(str(error)) from None
        if args.name == BUILT_IN:
            print(f"{args.name} is in the package: there is nothing to fetch")
            return
        print(fetch(args.name, progress=True))
        log.info("train on it with fastcnn train --data %s", args.name)
        return
    rows = [("name", "train", "test", "download", "state", "title")]
    rows += [
        (row.name, f"{row.train:,}", f"{row.test:,}", f"{row.download_mb:.1f} MB", row.state, row.title)
        for row in datasets()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
