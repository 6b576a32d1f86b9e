"""A SLURM of two nodes on this machine, in a folder of its own.

It needs Debian's slurmctld, slurmd, slurm-client, munge, and libpmix-dev, whose name of the library SLURM loads.
"""

from __future__ import annotations

import getpass
import os
import random
import socket
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path

NODES = ("one", "two")
CPUS = 8  # of each node, whatever this machine has
LIMIT_S = 60.0
CONFIGURATION = """\
ClusterName=fastcnn
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
TmpFS={folder}/tmp.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
PartitionName=all Nodes=ALL Default=YES
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus}\n"


class Slurm:
    """The daemons, inside a context; `environment` is for the commands of SLURM."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._open = folder, ExitStack()
        self._configuration = folder / "slurm.conf"
        self.environment = {**os.environ, "SLURM_CONF": str(self._configuration)}

    def __enter__(self) -> Slurm:
        munge = self._folder / "munge"
        munge.mkdir(mode=0o700)
        for name in ("state", *(f"{kind}.{node}" for node in NODES for kind in ("spool", "tmp"))):
            (self._folder / name).mkdir()
        (munge / "key").write_bytes(os.urandom(128))
        (munge / "key").chmod(0o600)
        host, ports = socket.gethostname(), free_ports(1 + len(NODES))
        text = CONFIGURATION.format(host=host, port=ports[0], user=getpass.getuser(), folder=self._folder)
        for name, port in zip(NODES, ports[1:], strict=True):
            text += NODE.format(name=name, host=host, port=port, cpus=CPUS)
        self._configuration.write_text(text)
        with self._open as undo:
            files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
            # By force: its folder is nobody else's, so no other user can reach the socket.
            self._start(
                undo, "munged", "--foreground", "--force", *(f"--{name}={munge / file}" for name, file in files.items())
            )
            self._until(lambda: (munge / "socket").exists())
            self._start(undo, "slurmctld", "-D")
            for node in NODES:
                self._start(undo, "slurmd", "-D", "-N", node)
            self._until(lambda: self.run("sinfo", "--noheader", "--format=%T %D").stdout == f"idle {len(NODES)}\n")
            undo.callback(self._until, lambda: self.run("squeue", "--noheader").stdout == "")
            undo.callback(self.run, "scancel", f"--user={getpass.getuser()}")  # what a failed test has left
            self._open = undo.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def _start(self, undo: ExitStack, *command: str) -> None:
        log = undo.enter_context((self._folder / "log").open("a"))
        found = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        undo.callback(_end, found)

    def _until(self, is_so) -> None:
        """Wait for something."""
        limit = time.monotonic() + LIMIT_S
        while not is_so():
            assert time.monotonic() < limit, (self._folder / "log").read_text()[-2000:]
            time.sleep(0.1)

    def run(self, *command: object, path: Path | None = None, timeout_s: float = LIMIT_S, **options):
        """Run a command of SLURM; path: a folder whose programs come first."""
        environment = dict(self.environment)
        if path is not None:
            environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
        words = list(map(str, command))
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False, **options
        )


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens at, and that the system gives to no connection."""
    found = []
    for port in random.sample(range(20_000, 30_000), 1000):
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("", port))
            found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("there are no free ports")


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
