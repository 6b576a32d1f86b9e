"""The engine in a program of PyInstaller's: networks, MNIST, names that are imported late, and the kernels' sources.

The CUDA kernels stay out: they need a compiler of their own, with hundreds of megabytes of NVIDIA's files.
"""

from PyInstaller.utils.hooks import collect_data_files, copy_metadata

from fastcnn import _LAZY

hiddenimports = [*{module for module, _ in _LAZY.values()}, "fastcnn.kernels.cpu", "fastcnn.kernels.reference"]
# Benchmarks need a Python to start. A program that plots a training imports matplotlib itself.
excludedimports = ["fastcnn.bench.report.plots", "matplotlib"]
datas = collect_data_files("fastcnn", includes=["**/mnist/*", "**/weights/*"])
datas += copy_metadata("fastcnn", recursive=True)  # versions for `info`, and the licences
module_collection_mode = {"fastcnn.kernels": "pyz+py"}  # the kernel cache knows a version by its sources
