"""The entry point of the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fastcnn.commands.interrupt import quiet

with quiet():
    from fastcnn.commands import run
    from fastcnn.commands.arguments import build_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status."""
    try:
        args = build_parser().parse_args(arguments)
    except SystemExit as end:  # after --help, --version or a wrong argument
        raise SystemExit(run.written_out(int(end.code or 0))) from None
    args.words = list(sys.argv[1:] if arguments is None else arguments)  # for processes that do the same
    return run.run(args)


if __name__ == "__main__":
    sys.exit(main())
