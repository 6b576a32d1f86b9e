"""Whether this process is a rank of a job, and how a job is started on this host."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastcnn.cluster.watch import ENDS, LAUNCHER, SEEN, Watch, end_with, processes
from fastcnn.errors import FastcnnError, MissingPackageError, UsageError

# Where launchers say how many processes they have started: Open MPI's mpiexec, MPICH's, and SLURM's srun.
SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS")
FOLDER = "FASTCNN_JOB"  # the folder in which a rank leaves its process's number for the process that started the job
STARTER = "FASTCNN_JOB_STARTER"  # the process that started the job, whose stderr rank 0 writes to
# Files in that folder: rank 0 has printed an error, and its status; the arguments that resume; it prints by itself.
SAID, GO_ON, DIRECT = "said", "go-on", "direct"
TROUBLE = "fastcnn: "  # so begins each error that a rank prints
AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
WATCHED_WITHIN_S = 10.0  # a rank waits so long until it is watched
KILLED = re.compile(r"PID\s+(\d+)")  # in the report of mpiexec about a process that has ended badly


def started_size(environment: Mapping[str, str] = os.environ) -> int | None:
    """How many processes a launcher has started, this one among them; None if there was no launcher."""
    sizes = [int(given) for name in SIZES if (given := environment.get(name, "")).isdecimal()]
    return max(sizes, default=None)


def communicator() -> Any:
    """mpi4py's communicator of the job that this process is a rank of; None if no launcher has started it.

    Raises
    ------
    MissingPackageError
        If mpi4py or MPI's library is missing.
    UsageError
        If the launcher has started several jobs of one rank each, because it belongs to another MPI than mpi4py's.
    """
    size = started_size()
    if size is None:
        return None
    world = _world()
    check_size(world.Get_size(), size)
    return world


def check_alike(world: Any, words: Sequence[str]) -> None:
    """UsageError on all ranks if one of them has other arguments than rank 0, whose arguments would be those of all."""
    meet(world)
    first, *others = world.allgather(list(words))
    for rank, theirs in enumerate(others, 1):
        if theirs != first:
            raise UsageError(f"rank {rank} was started with other arguments than rank 0; start all ranks alike")


def check_size(size: int, started: int) -> None:
    """UsageError if the launcher has started more processes than the job has ranks."""
    if size == 1 and started > 1:
        raise UsageError(
            f"{started} processes were started, but each is a job of its own: this launcher is not that of mpi4py's "
            "MPI; start with the mpiexec beside this Python, or srun --mpi=pmix"
        )


def _world() -> Any:
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # the second: no MPI library
        raise MissingPackageError(
            "training by ranks needs mpi4py and an MPI library ({detail}); pip install 'fastcnn[mpi]'", detail=error
        ) from None
    return MPI.COMM_WORLD


def meet(world: Any) -> None:
    """Wait for all ranks. MPI itself would wait at full speed, on the cores that a rank which still works needs."""
    done = world.Ibarrier()
    while not done.Test():
        time.sleep(0.01)


def register(rank: int) -> None:
    """Tell the process that has started the job which process this rank is, and write where it writes."""
    folder, starter = os.environ.get(FOLDER), os.environ.get(STARTER)
    if folder is None or starter is None:
        return
    path = Path(folder) / str(rank)
    path.with_suffix(".new").write_text(str(os.getpid()))
    path.with_suffix(".new").replace(path)
    limit = time.monotonic() + WATCHED_WITHIN_S
    while not path.with_suffix(SEEN).exists() and time.monotonic() < limit:
        time.sleep(0.002)
    if rank == 0:
        threading.Thread(target=end_with, args=(int(starter), Path(folder)), daemon=True).start()
        try:  # through mpiexec, lines would come late and without a terminal, and among its own reports
            streams = {number: os.open(f"/proc/{starter}/fd/{number}", os.O_WRONLY | os.O_APPEND) for number in (1, 2)}
        except OSError:
            return
        for number, stream in streams.items():
            os.dup2(stream, number)
            os.close(stream)
        note(DIRECT)


def lead() -> None:
    """Be rank 0 for the process that has started the job: write where it writes, and hear its Ctrl-C."""
    register(0)


def mpiexec() -> str:
    """The launcher: the one next to this Python, else the one in PATH; MissingPackageError if there is none."""
    beside = Path(sys.executable).with_name("mpiexec")
    found = str(beside) if beside.exists() else shutil.which("mpiexec")
    if found is None:
        raise MissingPackageError("there is no mpiexec to start ranks with; pip install 'fastcnn[mpi]'")
    return found


def options_of(launcher: str) -> list[str]:
    """Options of Open MPI's mpiexec for ranks that share this host's cores as they like; none for another MPI's."""
    said = subprocess.run([launcher, "--version"], capture_output=True, text=True, env={**os.environ, **AS_ROOT})
    is_open_mpi = re.search("open ?mpi|openrte|prrte|prterun", said.stdout + said.stderr, re.IGNORECASE)
    return ["--map-by", ":OVERSUBSCRIBE", "--bind-to", "none"] if is_open_mpi else []


class Job:
    """A job of ranks on this host, started by this process."""

    def __init__(
        self, ranks: int, words: Sequence[str], environment: Mapping[str, str], options: Sequence[str] = ()
    ) -> None:
        self._ranks = ranks
        self._folder = tempfile.TemporaryDirectory(prefix="fastcnn-job-")
        launcher = mpiexec()
        job = {FOLDER: self._folder.name, STARTER: str(os.getpid())}
        command = [launcher, *options_of(launcher), *options, "-n", str(ranks), sys.executable, "-m", "fastcnn", *words]
        self._process = subprocess.Popen(
            command, env={**os.environ, **AS_ROOT, **environment, **job}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
            errors="replace", start_new_session=True,
        )  # fmt: skip
        self._watch = Watch(self._process.pid, Path(self._folder.name), ranks)
        self._watch.start()
        self._is_stopped = False  # by us, before rank 0 has begun

    def wait(self) -> int:
        """Wait for the end of the job, and return its exit status. Ctrl-C interrupts rank 0, which then ends the job.

        Raises FastcnnError, in one sentence, if it failed and no rank has said why.
        """
        assert self._process.stdout is not None  # a pipe
        said: list[str] = []
        reader = threading.Thread(target=said.extend, args=(self._process.stdout,))
        reader.start()
        try:
            while self._process.poll() is None:
                try:
                    self._process.wait()
                except KeyboardInterrupt:
                    self._interrupt()
            reader.join()
            _pass_by_what_was_written()
            return self._ended(said)
        finally:
            if self._process.poll() is None:
                self._process.terminate()
            self._folder.cleanup()

    def _ended(self, said: list[str]) -> int:
        status, folder = self._process.returncode, Path(self._folder.name)
        if not (folder / DIRECT).exists() and (status == 0 or (folder / SAID).exists()):
            print("".join(said), end="")
        trouble = next((line for line in said if line.startswith(TROUBLE)), None)
        if (folder / SAID).exists():
            return int((folder / SAID).read_text())
        if status == 0:
            return 0
        if trouble is not None:
            print(trouble.rstrip(), file=sys.stderr, flush=True)
            return 1
        go_on = (folder / GO_ON).read_text() if (folder / GO_ON).exists() else ""
        if self._is_stopped:
            raise KeyboardInterrupt
        report, pids, killed = "".join(said), processes(folder, self._ranks), self._watch.killed()
        if not self._watch.works:
            killed = killed_rank(report, pids)
        if killed == LAUNCHER:
            killed, pids[LAUNCHER] = (killed, self._process.pid) if status < 0 else (None, 0)
        raise FastcnnError("{sentence}", sentence=sentence_of(killed, pids, report, go_on))

    def _interrupt(self) -> None:
        first = processes(Path(self._folder.name), 1).get(0)
        if first is None:
            self._is_stopped = True
            self._process.terminate()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(first, signal.SIGINT)


def _pass_by_what_was_written() -> None:
    """Who writes next into this process's files writes at their end: rank 0 has opened them once more (`register`)."""
    for number in (1, 2):
        with contextlib.suppress(OSError):  # it is no file
            os.lseek(number, 0, os.SEEK_END)


def note(name: str, text: str = "") -> None:
    """Leave word for the process that has started the job, if that was this program."""
    if FOLDER in os.environ:
        with contextlib.suppress(OSError):
            (Path(os.environ[FOLDER]) / name).write_text(text)


def note_end(rank: int) -> None:
    """Leave word that this rank ends by itself: nobody has killed it."""
    note(f"{rank}{ENDS}")


def is_started_by_us() -> bool:
    """Whether `fastcnn train --ranks` has started this rank."""
    return FOLDER in os.environ


def killed_rank(report: str, pids: Mapping[int, int]) -> int | None:
    """The rank whose process mpiexec's report names. MPICH's names any of those that it has killed itself."""
    named = {int(number) for number in KILLED.findall(report)}
    return next((rank for rank, pid in pids.items() if pid in named), None)


def sentence_of(killed: int | None, pids: Mapping[int, int], report: str, go_on: str) -> str:
    """What to say of a job that has ended without a word.

    killed : the rank or the launcher; None if nobody was, or nobody knows
    go_on : the arguments that resume its training
    """
    if killed is None:
        last = next((line for line in report.splitlines() if re.search("[a-z]{3}", line)), "mpiexec said nothing")
        return f"the job of ranks has failed: {' '.join(last.split())[:120]}"
    name = "mpiexec" if killed == LAUNCHER else f"rank {killed}"
    sentence = f"{name} (process {pids[killed]} on {socket.gethostname()}) was killed, perhaps for want of memory"
    return f"{sentence}; go on with fastcnn train {go_on}" if go_on else sentence
