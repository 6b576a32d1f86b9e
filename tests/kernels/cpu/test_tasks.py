"""How many tasks the steps of a training are cut into: enough for machines with many cores.

Tasks are counted in the calls that a plan makes; nothing runs. A kernel of less work than a start of the threads costs
runs on one thread, and is not counted.
"""

import inspect
import sys
from functools import cache

import pytest

from fastcnn import Sequential
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, PARALLEL_PRODUCTS
from fastcnn.kernels.threads import threads
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Flatten, GlobalAvgPool, MaxPool2d, ReLU, Residual
from fastcnn.zoo.networks import deep_network, paper_network
from tests.kernels.checks import running

BATCH = 256


def convolution(filters, **options):
    return [Conv2d(filters, 3, padding=1, bias=False, **options), BatchNorm2d()]


def block(filters, stride):
    shortcut = [Conv2d(filters, 1, stride=stride, bias=False), BatchNorm2d()] if stride > 1 else []
    return [Residual(*convolution(filters, stride=stride), ReLU(), *convolution(filters), shortcut=shortcut), ReLU()]


def vgg_like():
    layers = []
    for filters in (64, 128, 256):
        layers += [*convolution(filters), ReLU(), *convolution(filters), ReLU(), MaxPool2d(2)]
    return Sequential([*layers, Flatten(), Affine(10)], input_shape=(3, 32, 32), seed=1)


def resnet_like():
    layers = [*convolution(16), ReLU()]
    for filters in (16, 32, 64):
        for number in range(3):
            layers += block(filters, 2 if filters > 16 and number == 0 else 1)
    return Sequential([*layers, GlobalAvgPool(), Affine(10)], input_shape=(3, 32, 32), seed=1)


NETWORKS = {
    "paper": lambda: paper_network(seed=1),
    "default": lambda: deep_network(seed=1),
    "vgg": vgg_like,
    "resnet": resnet_like,
}


def blocks_of(a):
    return -(-a["images"] // a["per_block"])


def products(a):
    walk = a["walk"]
    return walk.images * len(a["x_rows"]) * walk.columns * walk.filters * walk.taps_step * walk.length


def elements(a):
    frame = a["frame"] if "frame" in a else a["x_frame"]
    return a["images"] * frame.height * frame.width * frame.channels


def tiles(a):
    return a["tiling"].images * a["tiling"].rows * a["tiling"].columns


# How many tasks a kernel has, from its arguments; other kernels have one for each picture.
COUNTS = {
    "sum_products": lambda a: a["walk"].images * a["row_parts"] * a["block_parts"],
    "pooled_products": lambda a: a["walk"].images * a["row_parts"],
    "dot_products": lambda a: a["parts"] * a["output_parts"],
    "winograd_products": lambda a: -(-tiles(a) // a["tiling"].block) * a["tiling"].parts,
    "pooled_gradients": blocks_of,
    "channel_sums": blocks_of,
    "sums": blocks_of,
    "gradient_sums": blocks_of,
}
# These move the parameters alone, less than a hundredth of a step's time: a task a channel, or 32 filters.
PARAMETERS = {"transform_weight", "pack_weight", "pack_weight_flipped", "pack_weight_phase", "fold_grad_weight"}


# The work of a call, and for how little of it threads are not started.
WORK = {
    "sum_products": (products, PARALLEL_PRODUCTS),
    "winograd_products": (lambda a: tiles(a) * 36 * a["tiling"].C * a["tiling"].K, PARALLEL_PRODUCTS),
    "channel_sums": (elements, PARALLEL_COPIES),
    "sums": (elements, PARALLEL_COPIES),
    "gradient_sums": (elements, PARALLEL_COPIES),
    # A winner of each 2x2 pixels, times the taps, for each filter.
    "pooled_gradients": (lambda a: elements({**a, "frame": a["grad_frame"]}) * a["R"] * a["S"], PARALLEL_PRODUCTS),
}


def is_enough(name, a, count):
    """Two tasks for each of `count` threads, or tasks so small that the start of a thread costs as much."""
    found = COUNTS.get(name, lambda a: a["images"])(a)
    equal = name == "sum_products" and found == a["walk"].images and found % count == 0
    if name in ("dot_products", "winograd_products") or equal:
        found *= 2  # equal tasks: one for each thread will do
    work, least = WORK.get(name, (None, 0))
    return found >= 2 * count or (work is not None and work(a) / found <= least)


@cache
def nodes(name):
    with running("cpu"):
        return NETWORKS[name]()._plan_for(BATCH, training=True)._nodes


def shared_calls(name, count, monkeypatch):
    """(step, kernel, arguments by name) of all calls that `count` threads share in a training step."""
    made = nodes(name)
    for module in list(sys.modules.values()):
        if module.__name__.startswith("fastcnn.kernels.cpu") and getattr(module, "threads", None) is threads:
            monkeypatch.setattr(module, "threads", lambda: count)
    for node in made:
        calls = node.step.forward_calls(BATCH, True) + (node.step.backward_calls(BATCH) if node.has_backward else [])
        for kernel, arguments in calls:
            if hasattr(kernel, "serial") and kernel.__name__ not in PARAMETERS:
                names = inspect.signature(getattr(kernel, "py_func", kernel)).parameters
                yield node.step.name, kernel.__name__, dict(zip(names, arguments, strict=True))


@pytest.mark.parametrize("count", [2, 8, 32, 128])
@pytest.mark.parametrize("name", NETWORKS)
def test_each_step_has_two_tasks_for_each_thread(name, count, monkeypatch):
    calls = list(shared_calls(name, count, monkeypatch))
    assert len(calls) >= 5
    few = {(step, kernel) for step, kernel, arguments in calls if not is_enough(kernel, arguments, count)}
    assert few == set()
