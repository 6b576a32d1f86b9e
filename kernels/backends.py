"""Which backend computes. `use` or the environment variable FASTCNN_BACKEND chooses it, and only that one is imported.

A backend that is not available is an error. No other one takes its place in silence: later timings would be wrong.
"""

import importlib
import importlib.util
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastcnn.kernels.protocols import Backend, Device
from fastcnn.kernels.threads import obey_environment
from fastcnn.kernels.values import shown

NAMES = ("reference", "cpu", "cuda")
DEFAULT = "cpu"
VARIABLE = "FASTCNN_BACKEND"
# Which convolutions the backend "cpu" may compute by Winograd's method: none, those of inference, or all.
WINOGRAD = ("never", "inference", "always")
WINOGRAD_VARIABLE = "FASTCNN_WINOGRAD"


class _Mine(threading.local):
    """The backend of one thread, if that has its own for a while."""

    choice: tuple[str, Backend] | None = None


_lock = threading.RLock()
_mine = _Mine()
_chosen: tuple[str, Backend] | None = None
_winograd: str | None = None  # None until it is asked for: then the environment's, or "always"


def _load(name: str) -> Backend:
    """Import a backend; ImportError or OSError, with the reason, where it cannot run here."""
    module_name = f"fastcnn.kernels.{name}"
    spec = importlib.util.find_spec(module_name)
    if spec is None or spec.origin is None:  # no origin: a folder that holds only old bytecode
        raise ImportError(f"this version of fastcnn has no {name} kernels")
    module: Backend = importlib.import_module(module_name)
    module.require_device()  # checks of its kernels import the module without a device
    return module


def _reason(error: Exception) -> str:
    """The error's first line, without a full stop: it becomes part of a sentence."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def available() -> dict[str, str]:
    """For each backend's name the reason why it cannot be used, or "" if it can. Imports all of them."""
    reasons = {}
    for name in NAMES:
        try:
            _load(name)
            reasons[name] = ""
        except (ImportError, OSError) as error:
            reasons[name] = _reason(error)
    return reasons


def use(name: str, *, winograd: str | None = None) -> None:
    """Choose the backend that the functions of `fastcnn.kernels` call from now on, in all threads.

    Parameters
    ----------
    name : "reference", "cpu" or "cuda"
    winograd : which convolutions of a network "cpu" computes by Winograd's method where that is faster: "never",
        "inference" or "always" (in a training too, those of 3x3); None takes FASTCNN_WINOGRAD, or else "always"

    Raises
    ------
    ValueError
        If there is no backend of that name, winograd is another word, or FASTCNN_NUM_THREADS is no possible number.
    RuntimeError
        If it cannot run on this machine; the backend in use stays as it was.
    """
    global _chosen, _winograd
    if not isinstance(name, str) or name not in NAMES:
        raise ValueError(f"backend must be one of {', '.join(NAMES)}, got {shown(name)}")
    if winograd is not None and (not isinstance(winograd, str) or winograd not in WINOGRAD):
        raise ValueError(f"winograd must be one of {', '.join(WINOGRAD)}, got {shown(winograd)}")
    with _lock:
        obey_environment()
        try:
            _chosen = name, _load(name)
        except (ImportError, OSError) as error:
            works = next(other for other in (DEFAULT, *NAMES) if other != name and available()[other] == "")
            raise RuntimeError(
                f"backend {name!r} is not available: {_reason(error)}; kernels.use({works!r}) works on this machine"
            ) from error
        _winograd = winograd


def winograd() -> str:
    """Which convolutions of the backend "cpu" may use Winograd's method; see `use`."""
    global _winograd
    word = _winograd
    if word is None:
        with _lock:
            word = _winograd or os.environ.get(WINOGRAD_VARIABLE) or "always"
            if word not in WINOGRAD:
                raise ValueError(f"{WINOGRAD_VARIABLE} must be one of {', '.join(WINOGRAD)}, got {word!r}")
            _winograd = word
    return word


@contextmanager
def using(name: str) -> Iterator[None]:
    """In the context, this thread computes on another backend than the rest of the process: a check compares them.

    Raises ImportError or OSError where that backend cannot run.
    """
    before, _mine.choice = _mine.choice, (name, _load(name))
    try:
        yield
    finally:
        _mine.choice = before


def _choice() -> tuple[str, Backend]:
    if _mine.choice is not None:
        return _mine.choice
    if _chosen is None:
        with _lock:
            if _chosen is None:
                _use_variable()
    assert _chosen is not None  # use() sets it or raises
    return _chosen


def _use_variable() -> None:
    name = os.environ.get(VARIABLE) or DEFAULT
    if name not in NAMES:
        raise ValueError(f"{VARIABLE} must be one of {', '.join(NAMES)}, got {name!r}")
    use(name)


def backend() -> str:
    """The name of the backend in use. The first call chooses it: FASTCNN_BACKEND, or else "cpu"."""
    return _choice()[0]


def active() -> Backend:
    """The module of the backend in use. Its functions check nothing: see `fastcnn.kernels.protocols`."""
    return _choice()[1]


def device() -> Device | None:
    """The device of the backend in use; None where it computes on arrays in the host's memory."""
    steps = active().steps
    return None if steps is None else steps.device
