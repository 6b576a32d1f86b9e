"""Fetch a dataset from its mirrors into the user's cache. A file with its final name there is always the right one.

pooch manages the cache and compares checksums. The transport below does what pooch's own does not: it continues a
partial download, leaves a mirror that sends the wrong number of bytes or is very slow, and reports progress. A file is
written as `NAME.part`. After an interruption this stays, and the next run continues it. The file gets its final name
when its checksum is right. pooch and its libraries are imported only here, when something is fetched.
"""

import gzip
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit

from fastcnn.data.datasets import DATASETS, Dataset, RemoteFile, cache_folder, find_dataset

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
SLOWEST_BYTES_PER_S = 1024.0  # on average, checked after READ_TIMEOUT_S
BACKOFF_S = (1.0, 4.0)  # pauses between rounds through the mirrors

_CHUNK = 2**18
_MEMBER_MAX_BYTES = 2**28

Report = Callable[[str, int, int], None]  # file, bytes so far, bytes in all


class DownloadError(OSError):
    """A file could not be fetched. The message says which file, and what to do."""


class DatasetRow(NamedTuple):
    """One line of `fastcnn data list`."""

    name: str
    title: str
    train: int  # number of pictures
    test: int
    download_mb: float
    state: str  # "built in", "fetched" or "not fetched"


class _MirrorError(Exception):
    """One attempt at one mirror failed. The message says how."""

    def __init__(self, reason: str, *, unreachable: bool = False, lasting: bool = False) -> None:
        super().__init__(reason)
        self.unreachable = unreachable  # there was no connection: perhaps this machine is offline
        self.lasting = lasting  # another attempt would fail too


@dataclass
class _Transport:
    """pooch calls this to write a temporary file from a URL. It continues `part` where that holds something."""

    remote: RemoteFile
    part: Path
    report: Report
    resumed: bool = False

    def __call__(self, url: str, output_file: str, pooch: object, check_only: bool = False) -> None:
        size = self.remote.size
        have = self.part.stat().st_size if self.part.exists() else 0
        if have < size:  # else it is complete or wrong; its checksum will show which
            self._receive(url, have)
        self.resumed = have > 0
        os.replace(self.part, output_file)

    def _receive(self, url: str, have: int) -> None:
        import requests

        # identity: the checksum is that of the bytes on the server, so nothing may compress them on the way.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=headers, stream=True, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S)) as response:
            status = response.status_code
            if status not in (200, 206):
                raise _MirrorError(f"HTTP {status} {response.reason}", lasting=status in (401, 403, 404, 410))
            if status == 200:
                have = 0  # the mirror cannot continue, so it sends the whole file
            length = response.headers.get("Content-Length")
            if length is not None and length.strip() != str(self.remote.size - have):
                raise _MirrorError(f"offers {length} bytes and not {self.remote.size - have}", lasting=True)
            with self.part.open("ab" if have else "wb") as file:
                self._copy(response.raw, file, have)

    def _copy(self, raw: Any, file: IO[bytes], have: int) -> None:
        size = self.remote.size
        # read1 returns the bytes that have arrived. read (urllib3 before 2) waits for a whole chunk, even from a very
        # slow mirror.
        read = getattr(raw, "read1", raw.read)
        start_s, start = time.monotonic(), have
        while chunk := read(_CHUNK, decode_content=False):
            have += len(chunk)
            if have > size:
                raise _MirrorError("sends more than the file has", lasting=True)
            file.write(chunk)
            self.report(self.remote.name, have, size)
            elapsed_s = time.monotonic() - start_s
            if elapsed_s > READ_TIMEOUT_S and have - start < SLOWEST_BYTES_PER_S * elapsed_s:
                raise _MirrorError("is too slow")
        if have < size:
            raise _MirrorError(f"stopped after {have} of {size} bytes")


def _try_mirror(url: str, remote: RemoteFile, folder: Path, report: Report) -> None:
    """Make one attempt. Raises _MirrorError."""
    import pooch
    import requests
    import urllib3

    transport = _Transport(remote, folder / f"{remote.name}.part", report)
    try:
        pooch.retrieve(url, remote.checksum, fname=remote.name, path=folder, downloader=transport)
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise _MirrorError("timed out", unreachable=isinstance(error, requests.exceptions.ConnectTimeout)) from error
    except requests.exceptions.ConnectionError as error:
        raise _MirrorError("cannot be reached", unreachable=True) from error
    except urllib3.exceptions.ProtocolError as error:
        raise _MirrorError("broke the connection off") from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _MirrorError(f"failed with {type(error).__name__}") from error
    except ValueError as error:  # from pooch, for a wrong checksum; it has deleted the file
        if transport.resumed:
            # The wrong bytes may be those of the old `part`.
            _try_mirror(url, remote, folder, report)
            return
        raise _MirrorError("sent a file with a wrong checksum", lasting=True) from error


def _fetch_file(dataset: Dataset, remote: RemoteFile, folder: Path, report: Report) -> None:
    """Try the mirrors in rounds until one gives the file, with a pause after each round."""
    reasons: dict[str, str] = {}
    urls = list(remote.urls)
    for pause_s in (*BACKOFF_S, 0.0):
        unreachable = 0
        for url in tuple(urls):
            try:
                return _try_mirror(url, remote, folder, report)
            except _MirrorError as error:
                reasons[url] = f"{urlsplit(url).netloc} {error}"
                unreachable += error.unreachable
                if error.lasting:
                    urls.remove(url)
        if unreachable == len(remote.urls):
            raise DownloadError(
                f"no mirror of {dataset.name} can be reached, so this machine seems to be offline; connect it and run "
                f"`fastcnn data fetch {dataset.name}` again, or copy {remote.name} into {folder}"
            )
        if not urls:
            break
        time.sleep(pause_s)
    raise DownloadError(
        f"{remote.name} of {dataset.name} could not be fetched ({'; '.join(reasons.values())}); "
        f"try again later, or copy the file into {folder}"
    )


def _unpack(dataset: Dataset, archive: Path) -> None:
    """Unpack a dataset's files from a zip with the right checksum."""
    with zipfile.ZipFile(archive) as packed:
        members = {PurePosixPath(info.filename).name: info for info in packed.infolist()}
        for name in dataset.files:
            if name not in members or members[name].file_size > _MEMBER_MAX_BYTES:
                raise zipfile.BadZipFile(f"no usable {name}")
            part = archive.with_name(f"{name}.part")
            try:
                with packed.open(members[name]) as source, part.open("wb") as target:
                    shutil.copyfileobj(source, target, _CHUNK)
                os.replace(part, archive.with_name(name))
            finally:
                part.unlink(missing_ok=True)


def _present(dataset: Dataset, folder: Path) -> bool:
    return all((folder / name).is_file() for name in dataset.files)


def _intact(path: Path) -> bool:
    """Whether a gzip file agrees with the checksum in it."""
    try:
        with gzip.open(path) as stream:
            while stream.read(_CHUNK):
                pass
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return False
    return True


def _fetch_all(dataset: Dataset, folder: Path, report: Report) -> None:
    # The zip is deleted after it was unpacked. So the only checksums to compare are those inside its gzip members.
    if dataset.archived and _present(dataset, folder) and all(_intact(folder / name) for name in dataset.files):
        return
    for remote in dataset.remote:
        _fetch_file(dataset, remote, folder, report)
        if dataset.archived:
            try:
                _unpack(dataset, folder / remote.name)
            except zipfile.BadZipFile as error:
                raise DownloadError(f"{folder / remote.name} is no {dataset.name} zip ({error}); delete it") from error
            (folder / remote.name).unlink()


@contextmanager
def _alone(folder: Path, notice: Callable[[], None]) -> Iterator[None]:
    """Let one process or thread at a time fetch into a folder; the others wait and find the files there."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        notice()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _bar(name: str, shown: bool) -> Iterator[tuple[Report, Callable[[], None]]]:
    """Two functions, for progress and for a wait. Both write to stderr, or nothing if not `shown`."""
    if not shown:
        yield (lambda file, have, size: None), (lambda: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True))
    tasks: dict[str, Any] = {}

    def report(file: str, have: int, size: int) -> None:
        if not tasks:  # it starts with the first bar: without one it would print an empty line
            progress.start()
        if file not in tasks:
            tasks[file] = progress.add_task(file, total=size)
        progress.update(tasks[file], completed=have)

    try:
        yield report, lambda: progress.console.print(f"another fetch of {name} is under way; waiting for it")
    finally:
        if tasks:
            progress.stop()


def datasets(registry: tuple[Dataset, ...] = DATASETS) -> list[DatasetRow]:
    """The rows of `fastcnn data list`. This looks only into the cache and not at the network."""
    rows = []
    for dataset in registry:
        fetched = "fetched" if _present(dataset, cache_folder(dataset.name)) else "not fetched"
        state = "built in" if dataset.name == "mnist" else fetched
        megabytes = sum(remote.size for remote in dataset.remote) / 1e6
        rows.append(DatasetRow(dataset.name, dataset.title, dataset.train, dataset.test, megabytes, state))
    return rows


def fetch(
    name: str,
    *,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
    registry: tuple[Dataset, ...] = DATASETS,
) -> Path:
    """Fetch the files of a dataset that are missing or damaged in the cache, and return their folder.

    Parameters
    ----------
    name : as `datasets` lists it
    folder : folder for the files, which is made if it is missing; None means the dataset's folder in the user's cache
    progress : draw a bar for each file on stderr

    Raises
    ------
    ValueError
        If there is no dataset of that name.
    DownloadError
        An OSError: no mirror gave the file, this machine is offline, or nothing can be written into the folder.

    It may be interrupted or killed at any time: no wrong file has its final name then, and the next call continues.
    """
    dataset = find_dataset(name, registry)
    try:
        import pooch
    except ImportError:
        raise DownloadError("fetching needs the package pooch; install it with `pip install pooch`") from None
    pooch.get_logger().setLevel("WARNING")
    where = cache_folder(name) if folder is None else Path(folder)
    try:
        where.mkdir(parents=True, exist_ok=True)
        with _bar(name, progress) as (report, notice), _alone(where, notice):
            # Where the folder is ours: clear away pooch's empty temporary files of a fetch that was killed.
            for leftover in where.glob("tmp????????") if folder is None else ():
                leftover.unlink()
            _fetch_all(dataset, where, report)
    except DownloadError:
        raise
    except OSError as error:
        raise DownloadError(
            f"cannot write {name} to {where} ({error.strerror or error}); make room there or make it writable"
        ) from error
    return where
