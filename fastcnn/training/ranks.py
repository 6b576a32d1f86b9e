"""A training by several ranks: which pictures a rank reads, what only rank 0 does, and what all must agree on.

Rank 0 alone shows the progress, calls the user's callbacks and writes files. Its decisions are then those of all.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from fastcnn import __version__, kernels
from fastcnn.arrays import Array
from fastcnn.cluster.exchange import Exchange
from fastcnn.cluster.link import Communicator, Link, LostRankError, RankError, check_communicator
from fastcnn.cluster.survivors import Survivors
from fastcnn.cluster.tree import SHARDS, cut_of
from fastcnn.errors import FastcnnError
from fastcnn.network.losses import Loss, softmax
from fastcnn.network.sequential import Sequential
from fastcnn.network.shards import ShardedNetwork, check_shards
from fastcnn.optim.optimizers import Optimizer
from fastcnn.training.augment import Augmentation
from fastcnn.training.batches import Batch
from fastcnn.training.checkpoint import GROUPS, Checkpoint
from fastcnn.training.datasets import PART, SourceBatches
from fastcnn.training.history import History
from fastcnn.training.sources import Source
from fastcnn.training.validation import scored

LONGER = 2  # times the longest round of the last validation: how long one may wait for others in the next

P = ParamSpec("P")
T = TypeVar("T")


class Ranks:
    """This rank's part of a training. All ranks make it at the same time, and get the weights of rank 0.

    Raises TypeError or ValueError if the communicator or the network cannot be used.
    """

    def __init__(self, network: Sequential, communicator: Communicator) -> None:
        check_communicator(communicator)
        if communicator.Get_size() > SHARDS:
            raise ValueError(
                f"communicator has {communicator.Get_size()} ranks, but a batch has {SHARDS} shards; use at most "
                f"{SHARDS}"
            )
        check_shards(network)
        self.survivors = communicator if isinstance(communicator, Survivors) else None
        self.times: dict[str, float] = {}  # seconds that each rank has computed in the last epoch
        self._round_s = 0.0  # the longest round of the last validation; 0 before the first, which compiles
        self._trained = network
        self._join(communicator)
        arrays = self._link.arrays_from_first(network.state_arrays())
        if not self.leads:
            network.load_state_arrays(arrays)

    def _join(self, communicator: Communicator) -> None:
        self._link = Link(communicator, survives=self.survivors is not None)
        self._exchange = Exchange(self._link, self._trained.gradients)
        self._network = ShardedNetwork(self._trained, self._link.rank, self._link.size, self._exchange)

    def _together(self, work: Callable[[], T]) -> T:
        """Do a part of the training that all ranks do at the same time; again without those that die, if others go on.

        work : changes nothing but gradients and running statistics
        """
        if self.survivors is None:
            return work()
        buffers = self._trained.buffers.copy()
        is_joined = True
        while True:
            done: list[T] = []
            try:
                if not is_joined:
                    self._join(self.survivors)
                    is_joined = True
                done.append(work())
            except LostRankError:
                pass
            if self.survivors.agree(bool(done), self._hear):
                return done[0]
            self._exchange.drop()
            self._trained.buffers[...] = buffers
            self.survivors.shrink()
            is_joined = False

    def _hear(self) -> None:
        """RankError if a rank has failed and said so; not if it has died."""
        with suppress(LostRankError):
            self._link.look_for_failures()

    @property
    def leads(self) -> bool:
        """Whether this is rank 0, which shows the progress and writes the files."""
        return self._link.rank == 0

    @property
    def waited_s(self) -> float:
        """Seconds that this rank has waited for others since `begin_epoch`."""
        return self._link.waited_s

    def pictures(self, count: int) -> tuple[int, int]:
        """The first picture of this rank in a batch of so many, and the one after its last."""
        return cut_of(count, self._link.size).pictures(self._link.rank)

    def loss_and_gradients(self, part: Callable[[], Batch], count: int, loss: Loss, step: int) -> float:
        """As `Sequential.loss_and_gradients` on the whole batch; part: gives this rank's pictures, targets, weights."""

        def work() -> float:
            images, targets, *weights = part()
            return self._network.loss_and_gradients(
                images, targets, weights[0] if weights else None, count, loss=loss, step=step
            )

        return self._together(work)

    def batches(self, source: Source, augmentation: Augmentation | None, seed: int) -> RankBatches:
        """This rank's part of each batch."""
        return RankBatches(self, source, augmentation, seed)

    def measure(self, network: Sequential, loss: Loss, held_out: HeldOut) -> tuple[float, float | None]:
        """As `validation.measure`; each rank reads and computes its share of the pictures, part by part."""
        return self._together(lambda: self._measured(network, loss, held_out))

    def _measured(self, network: Sequential, loss: Loss, held_out: HeldOut) -> tuple[float, float | None]:
        link, outputs = self._link, network.output_shape[0]
        count = len(held_out.numbers)
        parts = -(-count // PART)
        answers = np.zeros((parts, PART, outputs), network.dtype)
        truths = np.zeros((parts, PART, 1 if loss.is_of_classes else outputs))
        longest_s = 0.0
        for first in range(0, parts, link.size):
            begun, part = time.perf_counter(), first + link.rank
            if part < parts:
                images, targets, *_ = held_out.source.read(held_out.numbers[part * PART : (part + 1) * PART])
                answers[part, : len(images)] = network.forward(images)
                truths[part, : len(images)] = targets.reshape(len(images), -1)
            owners = range(min(link.size, parts - first))
            for table in (answers, truths):
                rows = table[first : first + len(owners)]  # a rank without a part waits for all of another's
                link.gather_rows(rows, owners, slow=not self._round_s, longer_s=LONGER * self._round_s)
            longest_s = max(longest_s, time.perf_counter() - begun)
        self._round_s = longest_s
        logits, truth = answers.reshape(-1, outputs)[:count], truths.reshape(parts * PART, -1)[:count]
        if loss.is_of_classes:
            return scored(loss, softmax(logits), truth[:, 0].astype(np.int64))
        return scored(loss, logits, truth)

    def check_agreement(self, settings: dict[str, Any], source: Source) -> None:
        """FastcnnError unless all ranks were started alike: with the same arguments, data, version and processor."""
        digest = hashlib.blake2b(json.dumps(settings, sort_keys=True, default=repr).encode(), digest_size=16)
        digest.update(np.ascontiguousarray(source.first).data)
        facts = {
            "other arguments or data": digest.hexdigest(),
            "another version of fastcnn": __version__,
            "another backend": kernels.backend(),
            "another kind of processor": _processor(),
        }
        self._compare(facts, "was started with {detail} than rank 0; start all ranks alike")

    def end_epoch(self, network: Sequential, train_s: float) -> None:
        """Note how long each rank has computed; FastcnnError unless all have the same weights."""
        waited_s, compiling = self._link.waited_s, not self.times
        seconds = self._together(lambda: self._link.gather(train_s - waited_s, slow=compiling))
        self.times = {
            f"rank {rank} on {host}": each
            for rank, (host, each) in enumerate(zip(self._link.hosts, seconds, strict=True))
        }
        digest = hashlib.blake2b(network.values.data, digest_size=16)
        digest.update(network.buffers.data)
        self._compare(
            {"other weights": digest.hexdigest()},
            "has {detail} than rank 0: its memory or processor is faulty",
            slow=compiling,
        )

    def from_first(self, fact: Any) -> Any:
        """A fact of rank 0, such as JSON can hold, on all ranks."""
        compiling = not self.times  # until the first epoch ends
        return self._together(lambda: self._link.from_first(fact, slow=compiling))

    def begin_epoch(self) -> None:
        """Begin to measure how long this rank waits."""
        self._link.waited_s = 0.0

    def follow(self, history: History, optimizer: Optimizer) -> None:
        """Take rank 0's decisions, after it has called the callbacks: to stop, and the learning rate."""
        lr = optimizer.lr if optimizer.lr_was_set else None
        stopped, lr = self.from_first([history.stopped, lr])
        if not self.leads:
            history.stopped = stopped
            if lr is not None:
                optimizer.lr = lr

    def checkpoint(self, read: Checkpoint | None) -> Checkpoint:
        """The checkpoint that rank 0 has read, on all ranks."""
        state: dict[str, Any] = {}
        arrays: dict[str, Array] = {}
        if read is not None:
            state = {name: value for name, value in vars(read).items() if name != "groups"}
            arrays = {f"{group}/{name}": each for group, found in read.groups.items() for name, each in found.items()}
        state, arrays = self._link.from_first(state), self._link.arrays_from_first(arrays)
        groups: dict[str, dict[str, Array]] = {group: {} for group in GROUPS}
        for name, array in arrays.items():
            group, _, member = name.partition("/")
            groups[group][member] = array
        return Checkpoint(groups=groups, **state)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Tell the other ranks of an error inside the context."""
        try:
            yield
        except RankError:
            raise
        except BaseException as error:
            self._link.fail(error)
            raise

    def _compare(self, facts: dict[str, str], template: str, *, slow: bool = True) -> None:
        for rank, theirs in enumerate(gathered := self._together(lambda: self._link.gather(facts, slow=slow))):
            for name, value in theirs.items():
                if value != gathered[0][name]:
                    raise FastcnnError(
                        "rank {rank} on {host} " + template, rank=rank, host=self._link.hosts[rank], detail=name
                    )


@dataclass(frozen=True)
class HeldOut:
    """The validation pictures: a source, and their numbers in it."""

    source: Source
    numbers: Array


class RankBatches(SourceBatches):
    """One rank's part of each batch."""

    def __init__(self, ranks: Ranks, source: Source, augmentation: Augmentation | None, seed: int) -> None:
        super().__init__(source, augmentation, seed)
        self._ranks = ranks
        images, *more = source.read(np.arange(1))
        self._none: Batch = tuple(array[:0] for array in (images, *more))

    def start_epoch(self, order: Array, epoch: int) -> None:
        """order : the numbers of the pictures, in the order of this epoch"""
        super().start_epoch(order, epoch)
        self._ranks.begin_epoch()

    def batch(self, begin: int, count: int) -> Batch:
        """This rank's part of the `count` pictures of the epoch, from number `begin` on; it may be empty."""
        first, stop = self._ranks.pictures(count)
        return super().batch(begin + first, stop - first) if first < stop else self._none


def _processor() -> str:
    """The processor that kernels are compiled for. The last bits of a sum can differ between two kinds."""
    from llvmlite import binding

    name = os.environ.get("NUMBA_CPU_NAME") or binding.get_host_cpu_name()
    return f"{name} {os.environ.get('NUMBA_CPU_FEATURES') or binding.get_host_cpu_features().flatten()}"


def by_all_ranks(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """A trainer's method that all ranks call: if it fails on one rank, the others hear of it."""

    @functools.wraps(method)
    def run(self: Any, /, *args: P.args, **options: P.kwargs) -> T:
        if self._ranks is None:
            return method(self, *args, **options)
        with self._ranks.told():
            return method(self, *args, **options)

    return run
