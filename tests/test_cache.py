"""Whatever becomes of the kernel cache, the program runs, its numbers are right, and it says what it did."""

from __future__ import annotations

import collections
import contextlib
import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from fastcnn.kernels.cpu.toolchain import cache

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = Path(__file__).parent / "programs" / "cached_kernel.py"
FILES = 4  # the kernel, its serial twin, the function that both call, and one that allocates

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="modes and owners are those of POSIX")]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A cache that holds the program's kernels, to be copied."""
    place = tmp_path_factory.mktemp("compiled")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(place)}
    env.pop("NUMBA_CACHE_DIR", None)
    subprocess.run([sys.executable, PROGRAM], env=env, check=True, stdout=subprocess.DEVNULL)
    return place


@pytest.fixture
def folder(compiled, tmp_path):
    """The folder of a filled cache of this test's own."""
    shutil.copytree(compiled, tmp_path / "cache")
    (folder,) = (tmp_path / "cache" / "fastcnn").iterdir()
    return folder


@pytest.fixture
def run(run_python, tmp_path):
    """Run the program with its cache in tmp_path/cache; returns its state, with what it wrote to stderr."""

    def run(**options):
        variables = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "NUMBA_CACHE_DIR": None, **options.pop("env", {})}
        done = run_python(PROGRAM, env=variables, **options)
        return {**json.loads(done.stdout), "stderr": done.stderr}

    return run


@pytest.fixture
def as_ordinary_user():
    """A prefix for commands: root without the right to ignore modes; nothing for anybody else."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


def test_second_run_loads_what_the_first_compiled(run, tmp_path):
    first, second = run(), run()
    assert (first["loaded"], first["saved"]) == (0, FILES)
    assert (second["loaded"], second["saved"], second["repaired"]) == (3, 0, 0)
    assert second["parsed"] == 0 < first["parsed"], "LLVM's objects of loaded kernels stay in memory"
    folder = Path(second["folder"])
    assert folder.is_relative_to(tmp_path / "cache")
    assert first["stderr"] == second["stderr"] == ""
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_damaged_files_are_rebuilt_and_it_says_so(run, folder):
    damages = [
        lambda contents: b"",
        lambda contents: contents[: len(contents) // 2],
        lambda contents: contents[:-100] + bytes([contents[-100] ^ 1]) + contents[-99:],
        lambda contents: b"\x80\x04not a kernel",
    ]
    for path, damage in zip(sorted(folder.iterdir()), damages, strict=True):
        path.write_bytes(damage(path.read_bytes()))
    second, third = run(), run()
    assert (second["loaded"], second["repaired"]) == (0, FILES)
    assert len(second["stderr"].splitlines()) == FILES
    assert all("was damaged; compiling it again" in line for line in second["stderr"].splitlines())
    assert f"{FILES} damaged and rebuilt" in second["text"]
    assert (third["loaded"], third["repaired"], third["stderr"]) == (3, 0, "")


def test_a_whole_file_that_numba_cannot_take_is_rebuilt(run, folder):
    store = object.__new__(cache.Store)
    store.folder, store.writable, store.saved = folder, True, 0
    for path in folder.iterdir():
        store.write(path.name, ("of", "another", "Numba"))
    second = run()
    assert second["repaired"] == FILES
    assert "was unreadable (" in second["stderr"]
    assert run()["loaded"] == 3


@pytest.mark.skipif(sys.platform != "linux", reason="uses setpriv")
def test_read_only_folder_is_read_and_not_written(run, folder, as_ordinary_user):
    next(folder.glob("*triple*")).unlink()
    folder.chmod(0o500)
    try:
        state = run(prefix=as_ordinary_user)
    finally:
        folder.chmod(0o700)
    assert state["writable"] is False
    assert (state["loaded"], state["saved"]) == (3, 0)
    assert state["parsed"] > 0  # a loaded function was linked into the one that is compiled
    assert state["text"].startswith("read only: it cannot be written to")
    assert len(list(folder.iterdir())) == FILES - 1


@pytest.mark.skipif(sys.platform != "linux", reason="uses setpriv")
def test_unwritable_place_switches_the_cache_off(run, as_ordinary_user, tmp_path):
    (tmp_path / "cache").mkdir(mode=0o500)
    state = run(prefix=as_ordinary_user)
    assert state["folder"] is None
    assert state["text"].startswith("off: no writable folder (")
    assert "set NUMBA_CACHE_DIR" in state["text"]


def test_place_that_is_a_file_switches_the_cache_off(run, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    state = run()
    assert state["folder"] is None
    assert state["text"].startswith("off: ")


def test_folder_that_others_can_write_to_is_never_read(run, folder):
    folder.chmod(0o777)
    state = run()
    assert state["folder"] is None
    assert "can be written by other users" in state["text"]


def test_folder_above_is_closed_to_others(run, folder):
    folder.parent.chmod(0o777)  # as another command leaves it under a generous umask
    assert run()["loaded"] == 3
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_world_writable_place_is_refused(run, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    state = run()
    assert "everybody can write to" in state["text"]
    assert list((tmp_path / "cache").iterdir()) == []


def test_link_in_place_of_the_folder_is_refused(run, folder, tmp_path):
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert "is not a folder" in run()["text"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give a folder away")
def test_folder_of_another_user_is_never_read(run, folder):
    os.chown(folder, 12345, 12345)
    assert "belongs to another user" in run()["text"]


def test_numba_cache_dir_is_respected(run, tmp_path):
    state = run(env={"NUMBA_CACHE_DIR": str(tmp_path / "mine")})
    assert Path(state["folder"]).parent == tmp_path / "mine"
    assert state["saved"] == FILES


def test_without_source_files_it_is_off_and_says_why(run_python, tmp_path):
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for folder, name in ((ROOT / "fastcnn", "fastcnn"), (ROOT / "kernels", "fastcnn/kernels")):
            for path in folder.rglob("*.py"):
                archive.write(path, f"{name}/{path.relative_to(folder).as_posix()}")
    program = "from fastcnn.kernels.cpu.toolchain.cache import store; print(store.folder, store.describe())"
    variables = {"PYTHONPATH": str(packed), "PYTHONSAFEPATH": "1", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    says = run_python(program, env=variables).stdout
    assert says.startswith("None off: fastcnn/kernels has no .py files, by which changes are seen")
    assert not (tmp_path / "cache").exists()


def test_packed_code_is_known_by_the_source_beside_it(tmp_path, monkeypatch):
    """PyInstaller shortens the names of the files that code comes from; only what has its source there is kept."""
    monkeypatch.setattr(cache.config, "CACHE_DIR", str(tmp_path / "cache"))
    store = cache.Store()
    kernels = tmp_path.resolve() / "fastcnn" / "kernels"
    kernels.mkdir(parents=True)
    (kernels / "there.py").write_text("def function(): ...\n")
    monkeypatch.setattr(cache, "KERNELS", kernels)
    monkeypatch.setattr(cache.sys, "frozen", True, raising=False)
    known = {}
    for name in ("there", "missing"):
        found: dict = {"__name__": f"fastcnn.kernels.{name}"}
        exec(compile("def function(): ...\n", f"fastcnn/kernels/{name}.py", "exec"), found)
        known[name] = cache.KernelCache(store, found["function"], "")
    assert known["there"]._enabled and not known["missing"]._enabled
    assert "on (0 loaded, 0 compiled and kept, 1 without a source file compiled again each time)" == store.describe()


def test_relative_place_is_refused(run):
    assert "not an absolute path" in run(env={"NUMBA_CACHE_DIR": "somewhere"})["text"]


def test_cold_processes_may_race(tmp_path):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path), "PYTHONWARNINGS": "error"}
    racers = [
        subprocess.Popen([sys.executable, PROGRAM], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    outputs = [racer.communicate(timeout=120) for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 4
    states = [json.loads(out) for out, _ in outputs]
    assert [err for _, err in outputs] == [""] * 4
    assert all(state["repaired"] == 0 for state in states)
    assert len(list(Path(states[0]["folder"]).iterdir())) == FILES  # and no temporary file


def test_edit_of_a_callee_in_another_file_changes_the_folder(tmp_path):
    (tmp_path / "cpu").mkdir()
    callee = tmp_path / "cpu" / "callee.py"
    callee.write_text("FACTOR = 2\n")
    (tmp_path / "conv.py").write_text("from cpu.callee import FACTOR\n")
    before = cache.source_hash(tmp_path)
    assert cache.source_hash(tmp_path) == before
    callee.write_text("FACTOR = 3\n")
    after = cache.source_hash(tmp_path)
    callee.rename(tmp_path / "cpu" / "renamed.py")
    assert len({before, after, cache.source_hash(tmp_path)}) == 3


def test_full_disk_leaves_no_file_and_stops_writing(tmp_path, monkeypatch):
    monkeypatch.setattr(cache.config, "CACHE_DIR", str(tmp_path / "cache"))
    store = cache.Store()

    def no_space(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache.os, "replace", no_space)
    store.write("name.kernel", 1)
    assert not store.writable
    assert store.describe().startswith("read only: a kernel could not be kept (No space left on device)")
    assert list(store.folder.iterdir()) == []


def test_folders_of_old_versions_go_after_a_month(tmp_path, monkeypatch):
    monkeypatch.setattr(cache.config, "CACHE_DIR", str(tmp_path))
    for name, days in (("kernels-0.0.1-old", 40), ("kernels-0.0.2-new", 20), ("other", 40)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.kernel").touch()
        when = time.time() - days * 24 * 3600
        os.utime(tmp_path / name, (when, when))
    store = cache.Store()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["kernels-0.0.2-new", "other", store.folder.name])


def test_what_a_killed_process_left_goes_after_a_day(tmp_path, monkeypatch):
    monkeypatch.setattr(cache.config, "CACHE_DIR", str(tmp_path))
    folder = cache.Store().folder
    names = ("a.kernel.x1.tmp", "b.kernel.x2.tmp", "c.kernel", "other.tmp")
    for name, hours in zip(names, (30, 20, 30, 30), strict=True):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - hours * 3600,) * 2)
    cache.Store()
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)  # looked at once a day
    os.utime(folder, (time.time() - 25 * 3600,) * 2)
    cache.Store()
    assert sorted(path.name for path in folder.iterdir()) == sorted(names[1:])


def test_a_half_written_file_is_named_as_the_sweep_looks_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr(cache.config, "CACHE_DIR", str(tmp_path))
    store, seen = cache.Store(), []
    monkeypatch.setattr(cache.os, "replace", lambda source, _: seen.append(Path(source)))
    store.write("name.kernel", 1)
    os.utime(seen[0], (0, 0))
    cache._sweep(store.folder)
    assert not seen[0].exists()


def test_announcement_says_whether_it_is_for_once(tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO", "fastcnn")
    for place, says in ((tmp_path, "5 to 20 s, this once"), (tmp_path / "file" / "x", "in each process: the kernel")):
        (tmp_path / "file").touch()
        monkeypatch.setattr(cache.config, "CACHE_DIR", str(place))
        store = cache.Store()
        store.announce()
        store.announce()
        assert says in caplog.messages[-1]
    assert len(caplog.messages) == 2
    assert "cache is off, no writable folder (" in caplog.messages[-1]
    assert caplog.messages[-1].endswith("set NUMBA_CACHE_DIR to one")


@pytest.mark.parametrize("state", ["broken", "closed", "none"])
def test_a_damaged_file_is_deleted_whatever_became_of_stderr(state, tmp_path, monkeypatch):
    monkeypatch.setattr(cache.config, "CACHE_DIR", str(tmp_path))
    store = cache.Store()
    (store.folder / "a.kernel").write_bytes(b"damaged")
    start, end = os.pipe()
    os.close(start)
    stderr = None if state == "none" else os.fdopen(end, "w", buffering=1)
    if state == "closed":
        stderr.close()
    monkeypatch.setattr(cache.sys, "stderr", stderr)
    assert store.read("a.kernel") is None
    assert (store.repaired, list(store.folder.iterdir())) == (1, [])
    monkeypatch.undo()
    if state == "broken":
        with contextlib.suppress(OSError):  # what was not written is still in its buffer
            stderr.close()
    elif state == "none":
        os.close(end)


def test_a_used_folder_stays_young(tmp_path, monkeypatch):
    monkeypatch.setattr(cache.config, "CACHE_DIR", str(tmp_path))
    folder = cache.Store().folder
    os.utime(folder, (0, 0))
    cache.Store()
    assert time.time() - folder.stat().st_mtime < 60


def test_functions_of_one_factory_are_told_apart(tmp_path, monkeypatch):
    from fastcnn.kernels.cpu.toolchain import jit

    def make(factor):
        def scaled(x):
            return factor * x

        return scaled

    assert jit._variant(make(2), None, {}) != jit._variant(make(3), None, {})
    assert jit._variant(make([2]), "two", {}) != jit._variant(make([3]), "three", {})
    assert jit._variant(make(2), None, {"fastmath": True}) != jit._variant(make(2), None, {})
    with pytest.raises(TypeError, match="give the decorator key="):
        jit._variant(make([2]), None, {})


def test_named_tuples_of_one_name_are_told_apart():
    import numba
    from numba.core.registry import cpu_target

    size, place = (collections.namedtuple("Pair", names, module=names[0]) for names in (("h", "w"), ("x", "y")))
    signatures = [(numba.typeof(pair(1, 2)),) for pair in (size, place)]
    assert len({str(signature) for signature in signatures}) == 1
    codegen = cpu_target.target_context.codegen()
    known = cache.KernelCache(cache.store, test_named_tuples_of_one_name_are_told_apart, "")
    assert len({known._file_name(signature, codegen) for signature in signatures}) == 2


def test_parallel_loop_that_numba_drops_is_an_error(run_python, tmp_path):
    source = tmp_path / "dropped.py"
    source.write_text(
        """
import numpy as np
from numba import prange
from numba.core.errors import NumbaPerformanceWarning
from fastcnn.kernels.cpu.toolchain.jit import kernel

@kernel
def positive(x):
    for i in prange(len(x)):
        if x[i] < 0:
            raise ValueError

try:
    positive(np.ones(3))
except NumbaPerformanceWarning:
    print("refused")
"""
    )
    assert run_python(source, env={"PYTHONWARNINGS": "ignore"}).stdout == "refused\n"


def test_without_the_compiler_the_functions_stay_plain(run):
    state = run(env={"NUMBA_DISABLE_JIT": "1"})
    assert (state["loaded"], state["saved"]) == (0, 0)
    assert state["text"] == "off: NUMBA_DISABLE_JIT is set, so nothing is compiled"
