"""Write files safely, even if the process is killed, and keep arrays in safetensors files with a SHA-256."""

import contextlib
import hashlib
import json
import os
import re
import secrets
import stat
import time
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError, Sentence

Path = str | os.PathLike[str]

# The largest network's values, 64 Mi float32, and some for the header.
MAX_FILE_BYTES = (1 << 28) + (1 << 20)

# No file of ours takes so long to write, so an older temporary one is a killed process's.
LEFT_BEHIND_AFTER_S = 600

# safetensors' names for the dtypes that our files hold.
_DTYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "U64": "<u8", "U8": "|u1", "BOOL": "|b1"}


def atomic_write(path: Path, data: bytes) -> None:
    """Write a file so that path always holds all the old bytes or all the new ones.

    Parameters
    ----------
    path : the file to write. A link is followed, and an existing file keeps its permissions
    data : all bytes of the file

    Raises
    ------
    FastcnnError
        If it cannot be written. Then an old file is as it was, and there is no temporary file.

    The bytes go to a hidden temporary file in the same folder (".NAME.*.tmp"), which then replaces path. The temporary
    file stays only if the process is killed. Ten minutes later the next write to path removes it.
    """
    try:
        target = os.path.realpath(path)
        folder, name = os.path.split(target)
        temporary = os.path.join(folder, f".{name[:40]}.{secrets.token_hex(8)}.tmp")
        mode = _mode_of(target)
        _remove_left_behind(folder, f".{name[:40]}.")
        try:
            _write_new(temporary, data, mode)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):  # the first error is the one to report
                os.unlink(temporary)
            raise
        _sync_folder(folder)
    except (OSError, ValueError) as error:
        reason = Sentence("its folder does not exist") if isinstance(error, FileNotFoundError) else error
        raise FastcnnError(
            "cannot write {path}: {reason}; choose another place or make room", path=path, reason=reason
        ) from error


def write_arrays(path: Path, arrays: dict[str, Array], metadata: dict[str, str]) -> None:
    """Write arrays and strings atomically to a safetensors file, with their SHA-256. Errors as for `atomic_write`."""
    from safetensors.numpy import save

    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    atomic_write(path, _in_fixed_order(save(plain, {**metadata, "sha256": _digest(plain, metadata)})))


def write_finite_arrays(path: Path, arrays: dict[str, Array], metadata: dict[str, str]) -> None:
    """Like `write_arrays`, for the values of a network; FastcnnError if a value is not finite."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise FastcnnError(
                "the network is not saved because {detail} holds values that are not finite", detail=name
            )
    write_arrays(path, arrays, metadata)


def read_arrays(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> tuple[dict[str, Array], dict[str, str]]:
    """Read what `write_arrays` wrote: the arrays, read-only, and the strings.

    Raises
    ------
    FastcnnError
        If the file cannot be read, is larger than max_bytes, is no safetensors file, or was changed after the writing.
    """
    data = _read(path, max_bytes)
    arrays, metadata = _parse(path, data)
    digest = metadata.pop("sha256", None)
    if digest is None:
        raise FastcnnError("{path} was not written by fastcnn: its checksum is missing", path=path)
    if digest != _digest(arrays, metadata):
        raise FastcnnError("{path} is damaged: its checksum is wrong; get or make it again", path=path)
    return arrays, metadata


def _short(error: Exception) -> str:
    """The error's text in one short line, for any text that a file contains."""
    return " ".join(str(error).split())[:300]


def _mode_of(target: str) -> int | None:
    """The permissions of the existing file, or None if there is none; OSError if it is no ordinary file."""
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(0, Sentence("it is a folder"))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, Sentence("it is not an ordinary file"))
    return stat.S_IMODE(status.st_mode)


def _write_new(temporary: str, data: bytes, mode: int | None) -> None:
    """Write a new file and wait until it is on the disk. Without a mode it gets the permissions of open()."""
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), mode)


def _remove_left_behind(folder: str, prefix: str) -> None:
    """Remove the temporary files of processes that were killed. Nothing depends on it, so errors are ignored."""
    try:
        names = [name for name in os.listdir(folder) if re.fullmatch(re.escape(prefix) + r"[0-9a-f]{16}\.tmp", name)]
        for path in (os.path.join(folder, name) for name in names):
            if time.time() - os.lstat(path).st_mtime > LEFT_BEHIND_AFTER_S:
                os.unlink(path)
    except OSError:  # the folder cannot be listed, or another process was faster
        return


def _sync_folder(folder: str) -> None:
    """Wait until the new name is on the disk, where the system can do that (Windows cannot open a folder)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path, max_bytes: int) -> bytes:
    """The bytes of an ordinary file, at most max_bytes, even if the file grows during the reading."""
    data = b""
    try:
        # Check it before opening: opening a pipe would wait for a writer.
        status = os.stat(os.fspath(path))
        if not stat.S_ISREG(status.st_mode):
            raise FastcnnError("{path} is not a file; give the path of a .safetensors file", path=path)
        if status.st_size <= max_bytes:
            with open(path, "rb") as file:
                data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise FastcnnError(
            "cannot read {path}: {reason}; give the path of a .safetensors file", path=path, reason=error
        ) from error
    if max(status.st_size, len(data)) > max_bytes:
        size = max_bytes >> 20
        raise FastcnnError("{path} is larger than {size} MiB, more than any network's file", path=path, size=size)
    return data


def _parse(path: Path, data: bytes) -> tuple[dict[str, Array], dict[str, str]]:
    from safetensors import SafetensorError, deserialize

    if not data:
        raise FastcnnError("{path} is empty; get or make it again", path=path)
    try:
        tensors: list[tuple[str, dict[str, Any]]] = deserialize(data)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        detail = _short(error)
        raise FastcnnError("{path} is damaged or no safetensors file ({detail})", path=path, detail=detail) from error
    arrays = {}
    for name, tensor in tensors:
        if tensor["dtype"] not in _DTYPES:
            raise FastcnnError(
                "{path} holds an array of dtype {detail}, which no network has", path=path, detail=tensor["dtype"]
            )
        arrays[name] = np.frombuffer(tensor["data"], _DTYPES[tensor["dtype"]]).reshape(tensor["shape"])
        arrays[name].flags.writeable = False
    # deserialize() has checked the header but does not return the metadata: 8 bytes of length, then JSON.
    header: dict[str, Any] = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return arrays, dict(header.get("__metadata__") or {})


def _in_fixed_order(data: bytes) -> bytes:
    """The same file with sorted metadata: safetensors shuffles them, but equal networks should give equal files."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the arrays start at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + data[end:]


def _digest(arrays: dict[str, Array], metadata: dict[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        digest.update(array.data)
    return digest.hexdigest()
