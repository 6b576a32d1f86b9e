"""The engine in a program made by PyInstaller: networks, MNIST, names that are imported late, the kernels' sources.

The CUDA kernels are left out: they need another compiler, with hundreds of megabytes of files from NVIDIA.
"""

from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata

from fastcnn import _LAZY

kernels = [name for name in collect_submodules("fastcnn.kernels") if not name.startswith("fastcnn.kernels.cuda")]
hiddenimports = [*{module for module, _ in _LAZY.values()}, *kernels]
# Benchmarks need a Python to start. A program that plots a training imports matplotlib itself.
excludedimports = ["fastcnn.bench.report.plots", "matplotlib"]
datas = collect_data_files("fastcnn", includes=["**/mnist/*", "**/weights/*"])
datas += copy_metadata("fastcnn", recursive=True)  # versions for `info`, and the licences
module_collection_mode = {"fastcnn.kernels": "pyz+py"}  # the kernel cache identifies a version by its sources
