"""What a program can check of the house style: imports point one way, no machine's paths, no pickles, docstrings."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
from pathlib import Path

import pytest

from tests import rooms

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for folder in ("fastcnn", "kernels", "gui", "bench") for path in (ROOT / folder).rglob("*.py"))
# Written in two halves so that this file passes its own test.
MACHINE_PATHS = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/tm" + "p/w", "C:" + "\\Users"]
TEXT_SUFFIXES = {"", ".cfg", ".json", ".md", ".py", ".toml", ".txt", ".yaml", ".yml"}

# What each package may import of the others; fastcnn/__init__.py only names things, lazily.
ALLOWED = {
    "kernels": ("fastcnn.kernels",),
    "fastcnn": ("fastcnn",),
    "gui": ("fastcnn",),
    "bench": ("fastcnn",),
}
# Only these may look past the public kernels at a backend: they say which one runs, or fuse its kernels.
KNOWS_BACKENDS = {"fastcnn/commands/info.py", "fastcnn/network/plan.py"}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def _not_allowed(path: Path) -> set[str]:
    """What a file imports and may not."""
    top = _name(path).split("/")[0]
    names = {name for names in rooms.imported_names(_name(path), path) for name in names}
    wrong = {name for name in names if not f"{name}.".startswith(tuple(f"{each}." for each in ALLOWED[top]))}
    if top == "fastcnn":
        wrong |= {name for name in names if name.startswith(("fastcnn.gui", "fastcnn.bench"))}
        if _name(path) not in KNOWS_BACKENDS:
            backends = ("fastcnn.kernels.cpu", "fastcnn.kernels.reference", "fastcnn.kernels.cuda")
            wrong |= {name for name in names if name.startswith(backends)}
    return wrong


def test_imports_point_one_way():
    assert {_name(path): wrong for path in SOURCES if (wrong := _not_allowed(path))} == {}


def test_no_files_import_one_another_in_a_circle():
    assert rooms.circles(rooms.file_graph()) == []


def test_no_folders_import_one_another_in_a_circle():
    assert rooms.circles(rooms.folder_graph(rooms.file_graph())) == []


def test_the_table_of_rooms_is_that_of_the_code():
    """`python -m tests.rooms` prints it; docs/design.md shows it between its markers."""
    page = (ROOT / "docs" / "design.md").read_text("utf-8")
    assert page.split("<!-- rooms -->\n")[1].split("\n<!-- /rooms -->")[0] == rooms.table()


def test_a_circle_is_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d2"}, "d2": {"a"}}
    assert rooms.circles(graph) == [["b", "c"]]


def test_tests_mirror_the_rooms():
    """Each folder with tests of a part of the product has its name; programs that tests run are no part."""
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    assert {folder.as_posix() for folder in folders if not (ROOT / folder).is_dir()} == set()
    rooms_with_tests = {folder.as_posix() for folder in folders}
    assert {"fastcnn/network", "kernels/cuda", "gui/logic", "bench/report"} <= rooms_with_tests


def test_each_file_begins_with_a_docstring():
    assert [_name(path) for path in SOURCES if not ast.get_docstring(rooms.tree(path))] == []


@functools.cache
def _top_names(path: Path) -> set[str]:
    """What a module of ours has: names at its top, those that it passes on, and its modules."""
    tree = rooms.tree(path)
    nodes = [node for top in tree.body for node in ast.walk(top)]
    names = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names |= {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {alias.asname or alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    return names


def test_programs_in_texts_import_what_exists():
    """Programs that other processes run are texts, which no type checker and no move of files sees."""
    files = {rooms.module_name(file): path for file, path in rooms.sources().items()}
    wrong = []
    for path in [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]:
        for node in ast.walk(rooms.tree(path)):
            if not (isinstance(node, ast.Constant) and isinstance(node.value, str) and "from fastcnn" in node.value):
                continue
            for module, names in re.findall(r"^ *from (fastcnn[\w.]*) import ([\w, ]+)$", node.value, re.MULTILINE):
                known = _top_names(files[module]) if module in files else set()
                for name in (each.strip().split(" as ")[0] for each in names.split(",")):
                    if name not in known and f"{module}.{name}" not in files and name != "kernels":
                        wrong.append(f"{_name(path)}:{node.lineno}: from {module} import {name}")
    assert wrong == []


def test_only_the_kernel_cache_reads_pickles():
    users = {
        _name(path)
        for path in SOURCES
        for node in ast.walk(rooms.tree(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and {getattr(node, "module", None), *(alias.name for alias in node.names)} & {"pickle", "shelve", "marshal"}
    }
    assert users == {"kernels/cpu/toolchain/cache.py"}


def test_no_path_of_a_machine_is_tracked():
    found = [
        f"{_name(path)}: {pattern}"
        for path in _tracked()
        if path.suffix in TEXT_SUFFIXES
        for pattern in MACHINE_PATHS
        if pattern in path.read_text(errors="replace")
    ]
    assert found == []


def _private_names_of_others(path: Path) -> set[str]:
    nodes = list(ast.walk(rooms.tree(path)))
    looked_up = [node for node in nodes if isinstance(node, ast.Attribute) and _is_private(node.attr)]
    names = [ast.unparse(node) for node in looked_up if ast.unparse(node.value) not in ("self", "cls")]
    names += [
        f"{node.module}.{alias.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if _is_private(alias.name)
    ]
    return set(names)


def test_window_and_benchmarks_use_no_private_name_of_others():
    """But os._exit and sys._current_frames, which Python documents, and what numba-mlir hides."""
    allowed = {"os._exit", "sys._current_frames", "tools._cached_cc"}
    faces = [path for path in SOURCES if _name(path).startswith(("gui/", "bench/"))]
    assert {_name(path): names for path in faces if (names := _private_names_of_others(path) - allowed)} == {}


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")
