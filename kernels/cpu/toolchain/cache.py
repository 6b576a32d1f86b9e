"""Keep compiled kernels on disk between runs, and go on where that folder is missing, damaged or not ours.

Numba's own cache does not notice an edit to a callee in another file (wrong numbers), raises at every call once a file
is truncated, and refuses to import where nothing is writable. So the storage is our own; only the way from a compiled
function to bytes and back is Numba's. One folder per user and hash of all kernel sources; one file per
compiled signature, written to a temporary name and renamed, with a SHA-256 of its contents in front: a file is either
whole or rebuilt, and processes that start cold together do no harm. The files are pickles, so a folder that somebody
else could write to is never read. `NUMBA_CACHE_DIR` moves the folder; other people's kernels are cached as ever.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import os
import pickle
import shutil
import stat
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
import platformdirs
from llvmlite.binding import parse_bitcode
from numba.core import compiler, config
from numba.core.caching import _Cache
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.core.sigutils import normalize_signature

HEADER = b"fastcnn kernel 1\n"  # a new number where the layout of a file changes
DIGEST_BYTES = 32
PRUNE_AFTER_S = 30 * 24 * 3600
TOUCH_AFTER_S = 24 * 3600
SWEEP_AFTER_S = 24 * 3600
TEMPORARY = ".tmp"
KERNELS = Path(__file__).resolve().parent.parent.parent

# Settings that change the machine code without being part of Numba's own key.
_CODE_SETTINGS = ("OPT", "BOUNDSCHECK", "DEBUGINFO_DEFAULT", "ENABLE_AVX", "LOOP_VECTORIZE", "SLP_VECTORIZE")


def source_hash(folder: Path = KERNELS) -> str:
    """Hash of every kernel source, the compilers' versions and their settings: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        source = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(source)}\n".encode())
        digest.update(source)
    versions = (sys.implementation.cache_tag, numba.__version__, llvmlite.__version__, np.__version__)
    settings = [str(getattr(config, name, "")) for name in _CODE_SETTINGS]
    digest.update(repr((versions, settings)).encode())
    return digest.hexdigest()[:16]


@functools.cache
def _source(file_name: str) -> tuple[Path, bool]:
    """The path of a source file, which may not exist, and whether it is part of `source_hash`.

    PyInstaller's code knows only its part of the path, from `fastcnn/` on.
    """
    root = KERNELS.parent.parent if getattr(sys, "frozen", False) else Path()
    path = (root / file_name).resolve()
    return path, path.is_relative_to(KERNELS) and path.is_file()


class _UnusableError(Exception):
    """Why the cache is off, and what to do."""


def _check_owner(folder: Path, details: os.stat_result) -> None:
    if details.st_uid not in (os.geteuid(), 0):
        raise _UnusableError(f"{folder} belongs to another user; set NUMBA_CACHE_DIR to a folder of your own")


def _check_ours(folder: Path) -> None:
    """Raise unless nobody else can have put anything into an existing folder."""
    if os.name == "nt":
        return  # the user's own profile; there are no mode bits to check
    details = folder.lstat()
    if not stat.S_ISDIR(details.st_mode):
        raise _UnusableError(f"{folder} is not a folder; remove it")
    _check_owner(folder, details)
    if details.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _UnusableError(f"{folder} can be written by other users; remove it or run chmod 700 on it")


def _close_to_others(folder: Path) -> None:
    """Take away other users' rights to our folder. What they may have written there before is checked elsewhere."""
    details = folder.lstat()
    if os.name != "nt" and stat.S_ISDIR(details.st_mode) and details.st_uid == os.geteuid():
        folder.chmod(0o700)


def _check_parent(folder: Path) -> None:
    """Raise where others could exchange what is created in `folder`, or where it is not ours to fill."""
    if os.name == "nt":
        return
    while not folder.exists():
        folder = folder.parent
    details = folder.stat()
    _check_owner(folder, details)
    if details.st_mode & stat.S_IWOTH and not details.st_mode & stat.S_ISVTX:
        raise _UnusableError(f"everybody can write to {folder}; set NUMBA_CACHE_DIR to a folder of your own")


def _prune(base: Path, keep: Path) -> None:
    """Remove the folders of other versions that no process has used for a month."""
    for folder in base.glob("kernels-*"):
        with contextlib.suppress(OSError):
            if folder != keep and time.time() - folder.lstat().st_mtime > PRUNE_AFTER_S:
                shutil.rmtree(folder)


def _sweep(folder: Path) -> None:
    """Remove unfinished files of killed processes. Writing takes milliseconds, so a file of yesterday is not in use."""
    for path in folder.glob(f"*.kernel.*{TEMPORARY}"):
        with contextlib.suppress(OSError):
            if time.time() - path.lstat().st_mtime > SWEEP_AFTER_S:
                path.unlink()


class Store:
    """The folder of this version's kernels, and what this process did with it.

    Attributes
    ----------
    folder : where kernels are read from, None where the cache is off
    writable : whether new ones are kept
    reason : why the cache is off or not written to; "" if it is neither
    loaded, saved, repaired : files read, written, and found damaged and deleted, so far
    compiles : whether kernels were not found and are being compiled, or were
    compiled : the number of compiled kernels so far
    left_out : number of functions that are never kept, because their source is no file
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.writable = False
        self.reason = ""
        self.loaded = self.saved = self.repaired = self.left_out = self.compiled = 0
        self.compiles = False
        try:
            self._open()
        except _UnusableError as error:
            self.reason = str(error)
        except (OSError, RuntimeError) as error:  # RuntimeError: no home folder
            self.reason = f"no writable folder ({error}); set NUMBA_CACHE_DIR to one"

    def _open(self) -> None:
        if config.DISABLE_JIT:
            raise _UnusableError("NUMBA_DISABLE_JIT is set, so nothing is compiled")
        if not Path(__file__).with_suffix(".py").is_file():
            raise _UnusableError("fastcnn/kernels has no .py files, by which changes are seen; add them to the program")
        chosen = config.CACHE_DIR or platformdirs.user_cache_dir("fastcnn", appauthor=False)
        base = Path(chosen)
        if not base.is_absolute():
            raise _UnusableError(f"the cache folder {chosen!r} is not an absolute path; set NUMBA_CACHE_DIR to one")
        folder = base / f"kernels-{source_hash()}"
        _check_parent(base.parent)
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        if config.CACHE_DIR:  # may be anything, /tmp too, as long as nobody can exchange what is ours in it
            _check_parent(base)
        else:
            _close_to_others(base)
            _check_ours(base)
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
            _prune(base, folder)
        _check_ours(folder)
        self.folder = folder
        self.writable = os.access(folder, os.W_OK)
        if not self.writable:
            self.reason = "it cannot be written to"
        elif time.time() - folder.stat().st_mtime > TOUCH_AFTER_S:
            _sweep(folder)
            os.utime(folder)

    def read(self, name: str) -> Any:
        """What `write` kept under `name`; None where there is no file, or a damaged one."""
        if self.folder is None:
            return None
        path = self.folder / name
        try:
            contents = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self.reason = f"{path.name} could not be read ({error.strerror})"
            return None
        start = len(HEADER) + DIGEST_BYTES
        payload = contents[start:]
        if contents[:start] != HEADER + hashlib.sha256(payload).digest():
            self.discard(name, "damaged")
            return None
        return pickle.loads(payload)

    def write(self, name: str, content: Any) -> None:
        """Keep `content` under `name`, completely or not at all. After an error, such as a full disk, writing stops."""
        if self.folder is None or not self.writable:
            return
        payload = dumps(content)
        temporary = ""
        try:
            handle, temporary = tempfile.mkstemp(prefix=f"{name}.", suffix=TEMPORARY, dir=self.folder)
            with open(handle, "wb") as file:
                file.write(HEADER + hashlib.sha256(payload).digest() + payload)
            os.replace(temporary, self.folder / name)
            self.saved += 1
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            self.writable = False
            self.reason = f"a kernel could not be kept ({error.strerror})"

    def announce(self) -> None:
        """Say once in a process that kernels are being compiled, which takes seconds."""
        if not self.compiles:
            self.compiles = True
            state = "off" if self.folder is None else "closed"
            often = "this once" if self.writable else f"in each process: the kernel cache is {state}, {self.reason}"
            logging.getLogger("fastcnn").info(f"compiling the kernels for this machine, 5 to 20 s, {often}")

    def discard(self, name: str, fault: str) -> None:
        """Delete a file that cannot be used and say so; the kernel is compiled again."""
        assert self.folder is not None
        self.repaired += 1
        with contextlib.suppress(OSError):
            os.unlink(self.folder / name)
        with contextlib.suppress(OSError, ValueError):  # stderr has lost its reader, or is closed
            if sys.stderr is not None:
                print(f"fastcnn: kernel cache: {name} was {fault}; compiling it again", file=sys.stderr)

    def describe(self) -> str:
        """One line for `fastcnn info`."""
        if self.folder is None:
            return f"off: {self.reason}"
        state = "on" if self.writable else f"read only: {self.reason}"
        repaired = f", {self.repaired} damaged and rebuilt" if self.repaired else ""
        left_out = f", {self.left_out} without a source file compiled again each time" if self.left_out else ""
        return f"{state} ({self.loaded} loaded, {self.saved} compiled and kept{repaired}{left_out})"


def _pack(library: Any, serialized: Any) -> None:
    """Keep what other functions would link as bytes, and not as LLVM's objects, which take ten times the memory.

    Numba makes these objects of each kernel that it loads. They are of use only where a function that calls the kernel
    is compiled; then they are made again.
    """
    _, kind, content = serialized
    if kind == "object":
        library._shared_module = None
        library._get_module_for_linking = functools.partial(_unpacked, library, content[1])


def _unpacked(library: Any, bitcode: bytes) -> Any:
    if library._shared_module is None:
        library._shared_module = parse_bitcode(bitcode)
    return library._shared_module


class KernelCache(_Cache):  # type: ignore[misc]  # Numba is not typed
    """The cache of one function, as Numba's dispatcher asks for it.

    Parameters
    ----------
    function : the Python function that is compiled
    variant : what distinguishes two compilations of one source line: options, and the key of a function from a factory
    """

    def __init__(self, store: Store, function: Any, variant: str) -> None:
        self._store = store
        self._enabled = True
        code = function.__code__
        self._name = f"{function.__module__}.{function.__qualname__}".replace("<locals>.", "")
        self._identity = repr((self._name, code.co_firstlineno, hashlib.sha256(code.co_code).hexdigest(), variant))
        source, is_hashed = _source(code.co_filename)
        if not is_hashed:  # a test, a notebook: the key contains the file's own hash
            try:
                self._identity += hashlib.sha256(source.read_bytes()).hexdigest()
            except OSError:
                self._enabled = False
                store.left_out += 1

    @property
    def cache_path(self) -> str | None:
        return None if self._store.folder is None else str(self._store.folder)

    def _file_name(self, signature: Any, codegen: Any) -> str:
        # The magic tuple holds the target, the CPU's name and its features. So machines may share a home folder.
        # Numba's signature shows the name and types of a named tuple, but not its class.
        arguments, _ = normalize_signature(signature)
        types = [(str(each), str(getattr(each, "instance_class", ""))) for each in arguments]
        key = repr((self._identity, types, codegen.magic_tuple()))
        return f"{self._name}-{hashlib.sha256(key.encode()).hexdigest()[:32]}.kernel"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        if not self._enabled:
            return None
        # Loading machine code needs only the run-time library. Numba's own cache calls target_context.refresh(), which
        # imports the compiler's whole library, with SciPy: 0.7 s more for `fastcnn predict`. A later compilation
        # imports it then.
        rtsys.initialize(target_context)
        name = self._file_name(sig, target_context.codegen())
        try:
            reduced = self._store.read(name)
            if reduced is None:
                self._store.announce()
                return None
            compiled = compiler.CompileResult._rebuild(target_context, *reduced)
            _pack(compiled.library, reduced[0])
        except Exception as error:  # unpickling may raise any error; the kernel can be compiled again
            self._store.discard(name, f"unreadable ({type(error).__name__})")
            return None
        self._store.loaded += 1
        return compiled

    def save_overload(self, sig: Any, data: Any) -> None:
        self._store.compiled += 1
        if self._enabled and not data.library.has_dynamic_globals and not data.lifted:
            self._store.write(self._file_name(sig, data.codegen), data._reduce())

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def flush(self) -> None:
        """Nothing to do: a file with an old key is never read, and `_prune` removes the folder of an old version."""


store = Store()
