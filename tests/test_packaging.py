"""What is installed is what is here: packages, data files, version, and an import that stays light."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import sys
import tomllib
from pathlib import Path

import pytest

import fastcnn

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    "fastcnn": ROOT / "fastcnn",
    "fastcnn.bench": ROOT / "bench",
    "fastcnn.gui": ROOT / "gui",
    "fastcnn.kernels": ROOT / "kernels",
}
HEAVY = ("numba", "scipy", "PyQt5", "rich", "PIL", "pooch", "safetensors", "requests")


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
    return names - set(sys.stdlib_module_names) - {"fastcnn"}


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


def test_version_is_the_same_everywhere(project):
    assert project["project"]["version"] == fastcnn.__version__
    assert f"## {fastcnn.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_import_is_a_dependency(project):
    """Names of the core dependencies, against what the sources import at run time."""
    declared = {name.split(">")[0].lower() for name in project["project"]["dependencies"]}
    imported = {"pillow" if name == "PIL" else name.lower() for name in _third_party_imports()}
    # llvmlite comes with Numba and urllib3 with requests, each in the version that these need.
    assert imported - {"llvmlite", "urllib3"} == declared


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
