"""Run by mpiexec for `bench cluster`: the time of a training step by ranks.

Arguments: a network's name, the pictures of a batch, and the number of steps. Rank 0 prints JSON: the seconds of each
step, and those that it waited for other ranks.
"""

from __future__ import annotations

import json
import sys
import time


def main(name: str, batch: int, steps: int) -> None:
    from fastcnn import Trainer, optim
    from fastcnn.bench.harness.batches import over_batches
    from fastcnn.bench.rivals.networks import NETWORKS, pictures_for
    from fastcnn.cluster import jobs

    network = NETWORKS[name][0]()
    images, labels = pictures_for(network, 8 * batch)
    world = jobs.communicator()
    trainer = Trainer(network, optim.AdamW(1e-4), communicator=world)
    call = over_batches(trainer.step, images, labels, batch)
    for _ in range(3):
        call()
    seconds, waited = [], []
    for _ in range(steps):
        before_s, start = trainer.waited_s, time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
        waited.append(trainer.waited_s - before_s)
    if world.Get_rank() == 0:
        print(json.dumps({"seconds": seconds, "waited_s": waited}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
