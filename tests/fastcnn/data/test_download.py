"""Fetching, against a server on 127.0.0.1 whose mirrors are good, missing, slow, short, wrong or broken."""

import gzip
import hashlib
import io
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fastcnn.data import download
from fastcnn.data.datasets import DATASETS, Dataset, RemoteFile
from fastcnn.data.download import DownloadError

CONTENT = hashlib.shake_256(b"a file").digest(200_000)
NAME = "pictures.gz"


class Server(ThreadingHTTPServer):
    """Serves `files` by name; the folder in the URL says how the mirror behaves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {NAME: CONTENT}
        self.requests: list[tuple[str, str | None]] = []  # mirror, Range
        self.released = threading.Event()

    def mirrors(self) -> list[str]:
        return [mirror for mirror, _ in self.requests]

    def url(self, mirror: str, name: str = NAME) -> str:
        return f"http://127.0.0.1:{self.server_port}/{mirror}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes, length: int, extra: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for key, value in (extra or {}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        mirror, name = self.path.strip("/").split("/")
        body = self.server.files[name]
        self.server.requests.append((mirror, self.headers["Range"]))
        first = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-")) if self.headers["Range"] else 0
        rest = body[first:]
        resumed = (206, {"Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"}) if first else (200, None)
        # A mirror that fails once behaves from its second request on.
        if mirror.startswith("once-"):
            mirror = mirror.removeprefix("once-") if self.server.mirrors().count(mirror) == 1 else "good"
        if mirror == "good":
            self.answer(resumed[0], rest, len(rest), resumed[1])
        elif mirror == "whole":  # knows nothing of Range
            self.answer(200, body, len(body))
        elif mirror == "labelled":  # says of the file what it says of a compressed page
            self.answer(200, body, len(body), {"Content-Encoding": "gzip"})
        elif mirror == "packs":  # compresses for whom accepts it
            packs = "gzip" in self.headers.get("Accept-Encoding", "")
            sent = gzip.compress(body) if packs else body
            self.answer(200, sent, len(sent), {"Content-Encoding": "gzip"} if packs else None)
        elif mirror == "missing":
            self.answer(404, b"", 0)
        elif mirror == "busy":
            self.answer(503, b"", 0)
        elif mirror == "short":  # promises all, sends half, hangs up
            self.answer(resumed[0], rest[: len(rest) // 2], len(rest), resumed[1])
        elif mirror == "portal":  # a login page instead of the file
            self.answer(200, b"<html>", 6)
        elif mirror == "corrupt":
            self.answer(resumed[0], bytes([rest[0] ^ 1]) + rest[1:], len(rest), resumed[1])
        elif mirror == "elsewhere":  # another part than asked for
            self.answer(206, body, len(body) - first, {"Content-Range": f"bytes 0-{len(body) - 1}/{len(body)}"})
        elif mirror == "endless":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body + b"more")
        elif mirror == "silent":
            self.server.released.wait(10)
        elif mirror == "drips":
            self.answer(200, b"", len(body))
            for byte in body[:100]:
                if self.server.released.wait(0.02):
                    break
                try:
                    self.wfile.write(bytes([byte]))
                except OSError:
                    break
        elif mirror == "stuck":  # half, and then nothing until released
            self.answer(resumed[0], rest[: len(rest) // 2], len(rest), resumed[1])
            self.server.released.wait(10)
            self.wfile.write(rest[len(rest) // 2 :])


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def quick(monkeypatch, request):
    # Patience where every mirror answers, so that a busy machine does not look like a slow mirror.
    slow_mirror = re.search("silent|drips|every_kind", request.node.name)
    monkeypatch.setattr(download, "READ_TIMEOUT_S", 0.4 if slow_mirror else 10.0)
    monkeypatch.setattr(download, "BACKOFF_S", (0.01, 0.02))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def registry_of(server: Server, *mirrors: str, content: bytes = CONTENT) -> tuple[Dataset, ...]:
    checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
    remote = RemoteFile(NAME, len(content), checksum, tuple(server.url(mirror) for mirror in mirrors))
    return (Dataset("small", "A small set", 1, 1, (remote,), files=(NAME,)),)


def fetched(server, folder, *mirrors):
    assert download.fetch("small", folder=folder, registry=registry_of(server, *mirrors)) == folder
    return (folder / NAME).read_bytes()


def left(folder) -> set[str]:
    return {path.name for path in folder.iterdir()} - {".lock"}


def test_file_is_fetched_once_and_then_found(server, tmp_path):
    folder = tmp_path / "new" / "folder"
    assert fetched(server, folder, "good") == CONTENT
    assert fetched(server, folder, "good") == CONTENT
    assert server.mirrors() == ["good"]
    assert left(folder) == {NAME}


@pytest.mark.parametrize("bad", ["missing", "short", "portal", "corrupt", "endless", "silent", "drips", "busy"])
def test_bad_mirror_is_passed_over(server, tmp_path, bad):
    assert fetched(server, tmp_path, bad, "good") == CONTENT
    assert server.mirrors()[0] == bad
    assert server.mirrors()[-1] == "good"
    assert left(tmp_path) == {NAME}


def test_every_kind_of_bad_mirror_before_the_good_one(server, tmp_path):
    mirrors = ["missing", "silent", "short", "corrupt", "portal", "good"]
    assert fetched(server, tmp_path, *mirrors) == CONTENT


@pytest.mark.parametrize("bad", ["once-busy", "once-short", "once-silent"])
def test_only_mirror_is_tried_again(server, tmp_path, bad):
    assert fetched(server, tmp_path, bad) == CONTENT
    assert server.mirrors() == [bad, bad]


@pytest.mark.parametrize(
    ("bad", "requests", "reason"),
    [
        ("missing", 1, "HTTP 404 Not Found"),
        ("busy", 3, "HTTP 503 Service Unavailable"),
        ("corrupt", 1, "sent a file with a wrong checksum"),
        ("portal", 1, "offers 6 bytes and not 200000"),
        ("endless", 1, "sends more than the file has"),
        ("silent", 3, "timed out"),
        ("drips", 3, "is too slow"),
    ],
)
def test_hopeless_fetch_is_one_sentence_and_leaves_no_file(server, tmp_path, bad, requests, reason):
    with pytest.raises(DownloadError) as caught:
        fetched(server, tmp_path, bad)
    assert len(server.requests) == requests
    assert str(caught.value) == (
        f"{NAME} of small could not be fetched (127.0.0.1:{server.server_port} {reason}); "
        f"try again later, or copy the file into {tmp_path}"
    )
    assert left(tmp_path) <= {f"{NAME}.part"}


def test_mirror_that_always_breaks_off_is_continued_each_time(server, tmp_path):
    with pytest.raises(DownloadError, match=r"broke the connection off|stopped after"):
        fetched(server, tmp_path, "short")
    assert [asked for _, asked in server.requests] == [None, "bytes=100000-", "bytes=150000-"]
    assert not (tmp_path / NAME).exists()
    assert fetched(server, tmp_path, "good") == CONTENT
    assert server.requests[-1] == ("good", "bytes=175000-")


def test_file_is_kept_as_it_lies_on_the_server(server, tmp_path):
    # Were the label believed, the bytes would be decompressed on the way and the checksum fail.
    assert fetched(server, tmp_path, "labelled") == CONTENT
    (tmp_path / NAME).unlink()
    assert fetched(server, tmp_path, "packs") == CONTENT


@pytest.mark.parametrize("mirror", ["good", "whole"])
def test_partial_download_is_continued(server, tmp_path, mirror):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:70_000])
    assert fetched(server, tmp_path, mirror) == CONTENT
    assert server.requests == [(mirror, "bytes=70000-")]
    assert left(tmp_path) == {NAME}


def test_complete_partial_download_needs_no_network(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT)
    assert fetched(server, tmp_path, "good") == CONTENT
    assert server.requests == []


@pytest.mark.parametrize("part", [b"wrong" * 100, CONTENT[:-1] + b"\0", CONTENT + b"more"])
def test_wrong_partial_download_is_replaced(server, tmp_path, part):
    (tmp_path / f"{NAME}.part").write_bytes(part)
    assert fetched(server, tmp_path, "good") == CONTENT
    assert server.requests[-1] == ("good", None)


def test_mirror_that_sends_another_part_does_no_harm(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:70_000])
    assert fetched(server, tmp_path, "elsewhere", "good") == CONTENT


def test_damaged_file_in_the_cache_is_fetched_again(server, tmp_path):
    (tmp_path / NAME).write_bytes(CONTENT[:-1])
    assert fetched(server, tmp_path, "good") == CONTENT


def test_offline_machine_is_told_so_in_one_sentence(tmp_path, capsys):
    # Port 9 (discard) of this machine refuses connections.
    remote = RemoteFile(NAME, 1, "sha256:00", ("http://127.0.0.1:9/a", "http://127.0.0.1:9/b"))
    registry = (Dataset("small", "A small set", 1, 1, (remote,)),)
    with pytest.raises(DownloadError) as caught:
        download.fetch("small", folder=tmp_path, progress=True, registry=registry)
    assert capsys.readouterr().err == ""
    assert str(caught.value) == (
        "no mirror of small can be reached, so this machine seems to be offline; connect it and run "
        f"`fastcnn data fetch small` again, or copy {NAME} into {tmp_path}"
    )
    assert left(tmp_path) == set()


def test_unwritable_folder_is_one_sentence(server, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DownloadError, match=r"cannot write small to .*; make room there or make it writable"):
        fetched(server, tmp_path / "file", "good")
    assert server.requests == []


def test_full_disk_is_one_sentence_and_leaves_no_file(server, tmp_path, monkeypatch):
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download._Transport, "_copy", full)
    with pytest.raises(DownloadError, match=r"cannot write small to .* \(No space left on device\)"):
        fetched(server, tmp_path, "good", "whole")
    assert server.mirrors() == ["good"]  # another mirror would not help
    assert left(tmp_path) <= {f"{NAME}.part"}


def test_progress_is_reported_up_to_the_whole(server, tmp_path):
    seen = []
    remote = registry_of(server, "good")[0].remote[0]
    download._try_mirror(remote.urls[0], remote, tmp_path, lambda *args: seen.append(args))
    assert seen[-1] == (NAME, 200_000, 200_000)
    assert [have for _, have, _ in seen] == sorted(have for _, have, _ in seen)


def test_progress_bar_goes_to_stderr(server, tmp_path, capsys):
    download.fetch("small", folder=tmp_path, progress=True, registry=registry_of(server, "good"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert NAME in captured.err


def test_fetches_at_once_share_one_download(server, tmp_path):
    registry = registry_of(server, "stuck")
    results: list[object] = []

    def run() -> None:
        try:
            results.append(download.fetch("small", folder=tmp_path, registry=registry))
        except BaseException as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.15)  # all of them are under way, one is half through
    server.released.set()
    for thread in threads:
        thread.join()
    assert results == [tmp_path] * 4
    assert server.mirrors() == ["stuck"]
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert left(tmp_path) == {NAME}


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_fetch_leaves_only_a_part_and_is_continued(server, tmp_path, how):
    checksum = hashlib.sha256(CONTENT).hexdigest()
    script = textwrap.dedent(f"""
        from fastcnn.data import download
        from fastcnn.data.datasets import Dataset, RemoteFile
        remote = RemoteFile({NAME!r}, {len(CONTENT)}, "sha256:{checksum}", ({server.url("stuck")!r},))
        download.fetch("small", registry=(Dataset("small", "", 1, 1, (remote,), files=({NAME!r},)),))
    """)
    environment = dict(os.environ, XDG_CACHE_HOME=str(tmp_path), PYTHONPATH=os.pathsep.join(sys.path))
    folder = tmp_path / "fastcnn" / "data" / "small"
    part = folder / f"{NAME}.part"
    process = subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size >= 65_536):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(how)
    process.wait(10)
    assert not (folder / NAME).exists()
    have = part.stat().st_size
    assert fetched(server, folder, "good") == CONTENT
    assert server.requests[-1] == ("good", f"bytes={have}-")


def zip_registry(server: Server, *mirrors: str) -> tuple[Dataset, ...]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("a.gz", "b.gz", "unwanted.gz"):
            archive.writestr(f"gzip/{name}", gzip.compress(name.encode() * 10))
    content = packed.getvalue()
    server.files["all.zip"] = content
    checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
    remote = RemoteFile("all.zip", len(content), checksum, tuple(server.url(mirror, "all.zip") for mirror in mirrors))
    return (Dataset("zipped", "A zip", 1, 1, (remote,), files=("a.gz", "b.gz"), archived=True),)


def test_of_a_zip_only_the_wanted_members_stay(server, tmp_path):
    registry = zip_registry(server, "corrupt", "good")
    download.fetch("zipped", folder=tmp_path, registry=registry)
    assert left(tmp_path) == {"a.gz", "b.gz"}
    download.fetch("zipped", folder=tmp_path, registry=registry)
    assert server.mirrors() == ["corrupt", "good"]


def test_damaged_or_missing_member_is_fetched_again(server, tmp_path):
    registry = zip_registry(server, "good")
    for damage in (lambda path: path.write_bytes(path.read_bytes()[:-1]), lambda path: path.unlink()):
        download.fetch("zipped", folder=tmp_path, registry=registry)
        right = (tmp_path / "b.gz").read_bytes()
        damage(tmp_path / "b.gz")
        download.fetch("zipped", folder=tmp_path, registry=registry)
        assert (tmp_path / "b.gz").read_bytes() == right
    assert server.mirrors() == ["good"] * 3


def test_list_says_what_is_there(server, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    registry = registry_of(server, "good")
    assert [row.state for row in download.datasets(registry)] == ["not fetched"]
    download.fetch("small", registry=registry)
    assert [row.state for row in download.datasets(registry)] == ["fetched"]
    assert [(row.name, row.state) for row in download.datasets()] == [
        ("mnist", "built in"),
        ("fashion-mnist", "not fetched"),
        ("kmnist", "not fetched"),
        ("emnist-digits", "not fetched"),
        ("qmnist", "not fetched"),
    ]


def test_files_of_a_killed_fetch_are_cleared_from_the_cache(server, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "fastcnn" / "data" / "small"
    folder.mkdir(parents=True)
    (folder / "tmpab12cd34").touch()
    assert download.fetch("small", registry=registry_of(server, "good")) == folder
    assert left(folder) == {NAME}


def test_unknown_name_lists_the_names():
    with pytest.raises(ValueError, match="choose from mnist, fashion-mnist"):
        download.fetch("nist")


def test_table_of_sources_is_well_formed():
    for dataset in DATASETS:
        assert len(dataset.files) == 4
        assert dataset.archived or {remote.name for remote in dataset.remote} == set(dataset.files)
        for remote in dataset.remote:
            assert len(set(remote.urls)) >= 2
            assert all(re.fullmatch(r"https?://\S+", url) and url.endswith(remote.name) for url in remote.urls)
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", remote.checksum)


def test_import_is_light():
    code = "import sys, fastcnn.data.download; print({'pooch', 'requests', 'rich', 'numba'} & set(sys.modules))"
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    assert subprocess.check_output([sys.executable, "-c", code], env=environment, text=True) == "set()\n"
