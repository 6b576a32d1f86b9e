"""What is installed is what is here: packages, data files, version, and an import that stays light."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import runpy
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import fastcnn
from fastcnn.__pyinstaller import get_hook_dirs
from fastcnn.commands.run import COMMANDS
from fastcnn.kernels import backends

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    "fastcnn": ROOT / "fastcnn",
    "fastcnn.bench": ROOT / "bench",
    "fastcnn.gui": ROOT / "gui",
    "fastcnn.kernels": ROOT / "kernels",
}
HEAVY = ("numba", "scipy", "PyQt5", "rich", "PIL", "pooch", "safetensors", "requests", "onnx", "sklearn")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def _packages() -> set[str]:
    """The packages that exist as folders, by the names they are imported under."""
    return {
        ".".join([package, *init.parent.relative_to(folder).parts])
        for package, folder in FOLDERS.items()
        for init in folder.rglob("__init__.py")
    }


def _third_party_imports() -> set[str]:
    names = set()
    for folder in (FOLDERS["fastcnn"], FOLDERS["fastcnn.kernels"]):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    names.add((node.module or "").split(".")[0])
    return names - set(sys.stdlib_module_names) - {"fastcnn", "PyInstaller"}  # which runs the hooks, and imports them


def _modules(package: str) -> list[str]:
    """All modules of a package, itself included, as PyInstaller's helper lists them; scripts may be among them."""
    paths = (path.relative_to(FOLDERS[package]).with_suffix("") for path in FOLDERS[package].rglob("*.py"))
    return [".".join([package, *(part for part in path.parts if part != "__init__")]) for path in paths]


@pytest.fixture
def hooks(monkeypatch):
    """The names that each of PyInstaller's hooks defines; its helpers only say what they were asked for."""

    def copy_metadata(package, recursive=False):
        if package == "PyQt5":
            raise importlib.metadata.PackageNotFoundError  # as where the window is not wanted
        return []

    helpers = ModuleType("PyInstaller.utils.hooks")
    helpers.__dict__.update(
        collect_data_files=lambda package, includes: [(package, pattern) for pattern in includes],
        collect_submodules=lambda package: [name for name in _modules(package) if find_spec(name)],
        copy_metadata=copy_metadata,
    )
    for name in ("PyInstaller", "PyInstaller.utils"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, helpers.__name__, helpers)
    qt = ModuleType("PyInstaller.utils.hooks.qt")
    plugins = ("platforms/libqxcb.so", "platforms/libqwebgl.so", "platforms/qeglfs.dll", "platforms/qwindows.dll")
    words = [(f"translations/{each}.qm", "translations") for each in ("qtbase_ar", "qtbase_zh_CN", "qt_help_zh_CN")]
    qt.pyqt5_library_info = SimpleNamespace(
        collect_plugins=lambda kind: [(each, kind) for each in plugins],
        collect_module=lambda module: ([module], ["library"], words),
    )
    monkeypatch.setitem(sys.modules, qt.__name__, qt)
    (folder,) = get_hook_dirs()
    return {path.stem.removeprefix("hook-"): runpy.run_path(str(path)) for path in Path(folder).glob("hook-*.py")}


def test_every_package_is_listed_and_every_listed_package_exists(project):
    assert set(project["tool"]["setuptools"]["packages"]) == _packages()


def test_every_data_file_is_packed(project):
    patterns = project["tool"]["setuptools"]["package-data"]
    packed = {path for pattern in patterns["fastcnn"] for path in FOLDERS["fastcnn"].glob(pattern)}
    data = {
        path
        for path in FOLDERS["fastcnn"].rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc", ".md") and path.name[0] != "."
    }
    assert data == packed
    assert any(path.suffix == ".gz" for path in packed)


def test_hooks_are_declared_and_named_after_modules(project, hooks):
    declared = project["project"]["entry-points"]["pyinstaller40"]
    assert declared == {"hook-dirs": f"{get_hook_dirs.__module__}:{get_hook_dirs.__name__}"}
    assert "fastcnn" in hooks and all(find_spec(name) for name in hooks)


def test_a_frozen_program_has_every_data_file_but_those_for_developers(project, hooks):
    patterns = project["tool"]["setuptools"]["package-data"]
    collected = {
        path
        for hook in hooks.values()
        for package, each in hook.get("datas", ())
        for path in FOLDERS[package].glob(each)
    }
    packed = {
        path
        for package in ("fastcnn", "fastcnn.gui")
        for each in patterns[package]
        for path in FOLDERS[package].glob(each)
    }
    assert collected == {path for path in packed if path.name != "py.typed" and path.suffix != ".ts"}


def test_a_frozen_program_has_qts_plugins_for_desktops_only(hooks):
    qt = sys.modules["PyInstaller.utils.hooks.qt"]
    collected = qt.pyqt5_library_info.collect_plugins("platforms")
    assert [Path(path).name for path, _ in collected] == ["libqxcb.so", "qwindows.dll"]
    assert hooks["fastcnn.gui"]["LEFT_OUT"] & {"qoffscreen", "qwayland-egl", "qwayland-generic", "qcocoa"} == set()


def test_a_frozen_program_has_only_the_windows_languages_of_qt(hooks):
    qt = sys.modules["PyInstaller.utils.hooks.qt"]
    imports, binaries, datas = qt.pyqt5_library_info.collect_module("QtCore")
    assert (imports, binaries) == (["QtCore"], ["library"])
    assert datas == [("translations/qtbase_zh_CN.qm", "translations")]


def test_a_frozen_program_has_every_module_that_is_imported_by_name(hooks):
    texts = {
        node.value
        for package in ("fastcnn", "fastcnn.gui", "fastcnn.kernels")
        for path in FOLDERS[package].rglob("*.py")
        if not path.name.startswith("hook-")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    named = {text for text in texts if re.fullmatch(r"fastcnn(\.\w+)+", text) and find_spec(text)}
    named |= {f"fastcnn.kernels.{backend}" for backend in backends.NAMES if backend != "cuda"}
    named |= {f"fastcnn.commands.{module}" for module in COMMANDS.values()}
    hidden = {name for hook in hooks.values() for name in hook.get("hiddenimports", ())}
    assert named - hidden == set() and {"fastcnn.gui.program.launch", "fastcnn.recognition.recognizer"} <= named
    assert all(find_spec(name) for name in hidden)


def test_version_is_the_same_everywhere(project):
    assert project["project"]["version"] == fastcnn.__version__
    assert f"## {fastcnn.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_import_is_a_dependency(project):
    """Names of the core dependencies, against what the sources import at run time."""
    declared = {name.split(">")[0].lower() for name in project["project"]["dependencies"]}
    imported = {"pillow" if name == "PIL" else name.lower() for name in _third_party_imports()}
    # llvmlite comes with Numba and urllib3 with requests, each in the version that these need. matplotlib is imported
    # where a training is plotted, and a sentence says so where it is missing (tests/fastcnn/training/test_plots.py).
    # Extras have the rest: only the room of the same name imports it, and mpi4py the cluster alone.
    assert imported - {"llvmlite", "urllib3", "matplotlib", "onnx", "sklearn", "mpi4py"} == declared


def test_import_is_fast_and_light(run_python):
    program = """
import json, sys, time
start = time.perf_counter()
import fastcnn
print(json.dumps([time.perf_counter() - start, sorted({name.split(".")[0] for name in sys.modules})]))
"""
    runs = [json.loads(run_python(program).stdout) for _ in range(3)]
    assert min(elapsed_s for elapsed_s, _ in runs) < 0.3
    assert set(HEAVY) & set(runs[0][1]) == set()


def test_every_public_name_resolves():
    assert sorted([*fastcnn._LAZY, "__version__"]) == sorted(fastcnn.__all__)
    for name in fastcnn.__all__:
        assert getattr(fastcnn, name) is not None
    assert set(fastcnn.__all__) <= set(dir(fastcnn))


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'fastcnn' has no attribute 'load_minst'"):
        _ = fastcnn.load_minst


def test_command_is_declared(project):
    assert project["project"]["scripts"] == {"fastcnn": "fastcnn.__main__:main"}


def test_installed_version_is_this_one():
    try:
        installed = importlib.metadata.version("fastcnn")
    except importlib.metadata.PackageNotFoundError:
        return  # a checkout that is not installed
    assert installed == fastcnn.__version__


def test_the_command_line_is_built_without_numpy(run_python):
    """Every command pays for what this imports, `--help` too."""
    done = run_python("import sys, fastcnn.commands.arguments as a; a.build_parser(); print('numpy' in sys.modules)")
    assert done.stdout == "False\n"
