"""What all tests share: seeded random numbers, Python in a process of its own, all cores, and `--no-skips` for CI."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import threadpoolctl

ROOT = Path(__file__).resolve().parent.parent

# The tests of the window need no screen. pytest-qt is loaded here and not by itself: where Qt or one of its system
# libraries is missing it would end the whole run; so only the tests in tests/gui are skipped.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTEST_QT_API", "pyqt5")
try:
    import PyQt5.QtWidgets  # noqa: F401
    import pytestqt  # noqa: F401
except ImportError:
    pytest_plugins: tuple[str, ...] = ()
else:
    pytest_plugins = ("pytestqt.plugin",)

# Half a million objects live to the end of the run, and compilers make many. At Python's own pace a search for garbage
# among them took a quarter of the time until the first test, and a tenth from there.
gc.set_threshold(50_000, 10, 10)

# A shell's background job ignores Ctrl-C, and so would the processes that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

UNPACKED: dict[tuple[Any, ...], tuple[np.ndarray, np.ndarray]] = {}  # see `unpacked_once`
RunPython = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="fail where a test was skipped (used by CI)")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run the whole suite on all cores; what is named runs in this process, where a debugger and `-s` reach it.

    Each of the processes begins with its own part of the files, so they seldom compile the same kernels.
    """
    here = "PYTEST_XDIST_WORKER" not in os.environ  # and not one of those processes, which come here too
    if here and getattr(config.option, "numprocesses", 0) is None and config.args == config.getini("testpaths"):
        config.option.numprocesses, config.option.dist = "auto", "worksteal"


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: gzip writes the time into them, and all processes must use the same names."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a test asks of float32, it asks of float64 in the slow tests: that compiles each kernel again.

    A tile's lanes depend on the dtype, so its tests run in both.
    """
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        wide = parameters.get("dtype") is np.float64 and parameters.get("backend") != "reference"
        if wide and "tile" not in item.originalname:
            item.add_marker(pytest.mark.slow)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give the processes that a quick test starts one thread as well: they find their kernels in the cache."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ.pop("FASTCNN_NUM_THREADS", None)
        if not item.get_closest_marker("slow"):
            os.environ["FASTCNN_NUM_THREADS"] = "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped under --no-skips: {report.longrepr}"
    return report


def _listed() -> set[str]:
    """What lies in the checkout's own folder, without what tools leave there; pip may build it meanwhile."""
    return {name for name in os.listdir(ROOT) if not name.startswith((".", "__pycache__", "build"))}


@pytest.fixture(scope="session", autouse=True)
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run the tests in a folder of their own: in the checkout lies what the README's first line has trained."""
    before, path, listed = Path.cwd(), os.environ.get("PYTHONPATH"), _listed()
    os.chdir(tmp_path_factory.mktemp("current"))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), path]))  # for the processes that tests start
    yield
    os.chdir(before)
    left = sorted(_listed() - listed)
    assert not left, f"tests have written into the checkout, not into their tmp_path: {', '.join(left)}"


@pytest.fixture(scope="module")
def monkeypatch_of_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module", autouse=True)
def one_thread_each(monkeypatch_of_module: pytest.MonkeyPatch) -> None:
    """Where each core has a process of its own: threads that wait take half of the time from the others.

    For each file, as tests of thread counts change it. Kernels with threads compile again, and longer: tests of threads
    ask for some, and so do the processes that slow tests start.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        from fastcnn.kernels import backends
        from fastcnn.kernels.threads import set_threads

        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # for the copies that are loaded later, and in other processes
        # Each change of the backend would look for all copies of BLAS again: 50 ms.
        monkeypatch_of_module.setattr(backends, "obey_environment", lambda: None)
        threadpoolctl.threadpool_limits(limits=1, user_api="blas")
        set_threads(1)


@pytest.fixture(scope="module", autouse=True)
def unpacked_once(monkeypatch_of_module: pytest.MonkeyPatch) -> None:
    """Unpack the package's MNIST once in this process, and give each caller a copy.

    Unpacking takes 0.2 s. The tests of `load_mnist` have a fixture of this name that leaves it as it is.
    """
    from fastcnn.data import load

    def copies(folder: Path, *form: Any) -> tuple[np.ndarray, np.ndarray]:
        if folder != load._EMBEDDED:
            return read(folder, *form)
        if form not in UNPACKED:
            UNPACKED[form] = read(folder, *form)
        images, labels = UNPACKED[form]
        return images.copy(), labels.copy()

    read = load._read_pair
    monkeypatch_of_module.setattr(load, "_read_pair", copies)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def run_python() -> RunPython:
    """Run a program (a text, or a Path) in a fresh interpreter that sees this checkout; its warnings are errors.

    `env` adds to the environment, None removes; `prefix` goes before the interpreter. Fails on a non-zero exit status
    unless check=False.
    """

    def run(
        program: str | Path,
        *arguments: str,
        env: dict[str, str | None] | None = None,
        prefix: tuple[str, ...] = (),
        check: bool = True,
        timeout_s: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        changed = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **(env or {})}
        environment = {name: value for name, value in changed.items() if value is not None}
        given = [str(program)] if isinstance(program, Path) else ["-c", program]
        done = subprocess.run(
            [*prefix, sys.executable, *given, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        if check and done.returncode != 0:
            pytest.fail(f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    return run


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Kernels use one thread during the test."""
    from fastcnn.kernels.threads import set_threads, threads

    before = threads()
    set_threads(1)
    yield
    set_threads(before)
