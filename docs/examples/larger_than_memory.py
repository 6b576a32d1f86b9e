"""Pictures that need not fit into memory: a mapped file of 300 MB, and the peak of the program's memory.

Pages of the file stay in memory while there is room, and the system takes them back when there is none. What is the
program's own does not grow with the file: 60 MB here, Python and compiled kernels included.
"""

import tempfile
from pathlib import Path

import numpy as np

from fastcnn import Sequential, Trainer, layers, optim

COUNT, SIDE, BLOCK = 100_000, 32, 1_000
TOP, BOTTOM = slice(None, SIDE // 2), slice(SIDE // 2, None)


def memory_mb(name):
    """A line of Linux's record of this process, in MB; other systems have other ones."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(name))


with tempfile.TemporaryDirectory() as folder:
    file, rng = Path(folder, "images.npy"), np.random.default_rng(0)
    images = np.lib.format.open_memmap(file, "w+", np.uint8, (COUNT, SIDE, SIDE, 3))
    for start in range(0, COUNT, BLOCK):
        images[start : start + BLOCK] = rng.integers(0, 150, (BLOCK, SIDE, SIDE, 3), np.uint8)
        for number, (down, across) in enumerate([(TOP, TOP), (TOP, BOTTOM), (BOTTOM, TOP), (BOTTOM, BOTTOM)]):
            images[start + number : start + BLOCK : 4, down, across] += 20  # class 0 is brighter at the top left, ...
    images, labels, own_mb = np.load(file, mmap_mode="r"), np.arange(COUNT) % 4, []
    stack = [layers.Conv2d(8, 5, stride=3), layers.ReLU(), layers.Flatten(), layers.Affine(4)]
    trainer = Trainer(Sequential(stack, input_shape=(3, SIDE, SIDE), seed=0), optim.Adam(0.002))
    look = lambda step: own_mb.append(memory_mb("RssAnon"))  # noqa: E731
    history = trainer.fit(images, labels, epochs=1, layout="NHWC", on_step=look)
    print(f"{images.nbytes / 1e6:.0f} MB of pictures; validation accuracy {history.validation_accuracy:.1%}")
    print(f"peak memory of its own {max(own_mb):.0f} MB, with pages of files {memory_mb('VmHWM'):.0f} MB")
    del images, trainer  # before the folder goes: Windows keeps a file that is mapped
