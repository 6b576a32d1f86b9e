"""Run by mpiexec for test_shared.py: the ranks read one set of data together.

Arguments: a small set, which is read before; the set; the pictures' size, or 0; and the number of hosts that the ranks
are taken for, or 0: then they are on this one. Rank 0 prints what each rank has got and done, as JSON.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from mpi4py import MPI

from fastcnn.cluster.shared import RankReaders
from fastcnn.data import folders
from fastcnn.data.readers import read_data


class Hosts:
    """A communicator whose ranks seem to be on several hosts, in turn."""

    def __init__(self, world: Any, hosts: int) -> None:
        self._world, self._hosts = world, hosts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def Split_type(self, kind: int) -> Any:  # noqa: N802  # mpi4py's name
        rank = self._world.Get_rank()
        return self._world.Split(rank % self._hosts, rank)


def memory_bytes() -> dict[str, int]:
    rows = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return {row[0]: int(row[1]) << 10 for row in rows if row[0] in ("VmRSS:", "RssAnon:")}


opened: list[str] = []
open_picture = folders.open_picture


def noted(path: Path) -> Any:
    opened.append(path.name)
    return open_picture(path)


folders.open_picture = noted
warm, path, side, hosts = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
world = Hosts(MPI.COMM_WORLD, hosts) if hosts else MPI.COMM_WORLD
rank = world.Get_rank()
readers = RankReaders(world)
read_data(warm, readers)
opened.clear()
if rank > 0 and path.endswith(".npz"):
    path = "not on this host.npz"
before = memory_bytes()
data = read_data(path, readers, size=side or None)
after = memory_bytes()
is_mapped = not data.images.flags.writeable
digest = hashlib.sha256(data.images.tobytes() + data.labels.tobytes()).hexdigest()
result = {
    "opened": opened,
    "memory": after["VmRSS:"] - before["VmRSS:"],
    "own memory": after["RssAnon:"] - before["RssAnon:"],
    "read-only": is_mapped,
    "digest": digest,
}
results = world.gather(result, root=0)
if rank == 0:
    print(json.dumps(results))
