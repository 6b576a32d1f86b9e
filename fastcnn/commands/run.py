"""Run a command. An error is one line on stderr and status 1, or 2 if an argument is wrong. There is no traceback."""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import logging
import os
import sys
import traceback
from importlib import import_module

from fastcnn.commands.interrupt import interruptible
from fastcnn.commands.outputs import text_beside
from fastcnn.errors import FastcnnError, UsageError

DONE, FAILED, WRONG_ARGUMENTS = 0, 1, 2
DEBUG_VARIABLE = "FASTCNN_DEBUG"
# The module of each command, imported when it is run. Its function has the command's name and returns False, or an exit
# status, if a part of the work failed and it has said so.
COMMANDS = {
    "train": "ranks",
    "evaluate": "evaluate",
    "predict": "predict",
    "read": "read",
    "experiment": "experiment",
    "data": "data",
    "gui": "programs",
    "bench": "programs",
    "profile": "programs",
    "export": "export",
    "check": "check",
    "info": "info",
}


def _say(message: str) -> None:
    """Print one line on stderr, if that still has a reader."""
    if sys.stderr is None:  # print() would use stdout
        return
    with contextlib.suppress(OSError):
        print(f"fastcnn: {' '.join(message.split())}", file=sys.stderr, flush=True)


def describe(error: Exception) -> str:
    """What to say of an error, in one line."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
        return "the device that the output goes to is full; make room or choose another place"
    if isinstance(error, OSError) and error.strerror:
        # A name that is too long for the system is too long for a sentence.
        return error.strerror if error.filename is None else f"{error.filename!s:.150}: {error.strerror}"
    if isinstance(error, FastcnnError | OSError | ValueError | RuntimeError) and str(error):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory; close other programs"
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"unexpected {text}; {DEBUG_VARIABLE}=1 shows where"


def written_out(status: int) -> int:
    """Flush standard output, and return the exit status. A reader that has ended is not told of."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except OSError as error:
        # What is left in the buffer has nowhere to go. Otherwise Python would complain when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if status == DONE and not isinstance(error, BrokenPipeError):
            _say(describe(error))
        return status or FAILED


def run(args: argparse.Namespace) -> int:
    """Run the parsed command and return the exit status. It raises no exception."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("fastcnn: %(message)s"))
    logger = logging.getLogger("fastcnn")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may not be valid text
    try:
        with interruptible(), text_beside(getattr(args, "json", None)):
            command = import_module(f"fastcnn.commands.{COMMANDS[args.command]}")
            done: int | None = getattr(command, args.command)(args)
        return written_out(FAILED if done is False else DONE if done is None or done is True else done)
    except BrokenPipeError:
        return written_out(FAILED)
    except KeyboardInterrupt:
        _say("interrupted")
        return written_out(FAILED)
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exc()
        _say(describe(error))
        return written_out(WRONG_ARGUMENTS if isinstance(error, UsageError) else FAILED)
    finally:
        logger.removeHandler(handler)
