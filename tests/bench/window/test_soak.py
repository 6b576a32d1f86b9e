"""The soak measures no process that compiles kernels."""

import pytest

from fastcnn.bench.window.soak import _compiling_nothing
from fastcnn.errors import FastcnnError
from fastcnn.kernels.cpu.toolchain.cache import store


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The cache of this test, with one kernel."""
    (tmp_path / "fastcnn.kernels.old-0123.kernel").touch()
    monkeypatch.setattr(store, "folder", tmp_path)
    monkeypatch.setattr(store, "compiled", 3)
    return tmp_path


def test_a_kernel_that_is_compiled_meanwhile_is_named_once(folder):
    with pytest.raises(FastcnnError, match=r"kernels, 2 \(fastcnn\.kernels\.a\), which"), _compiling_nothing():
        for signature in ("4567", "89ab"):
            (folder / f"fastcnn.kernels.a-{signature}.kernel").touch()
            store.compiled += 1


def test_why_a_kernel_is_not_kept_is_said(folder, monkeypatch):
    monkeypatch.setattr(store, "reason", "it cannot be written to")
    with pytest.raises(FastcnnError, match=r"kernels, 1 \(not kept: it cannot"), _compiling_nothing():
        store.compiled += 1


def test_loading_a_kernel_is_no_failure(folder, monkeypatch):
    monkeypatch.setattr(store, "loaded", 0)
    with _compiling_nothing():
        store.loaded += 1
