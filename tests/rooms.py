"""The project's graph of imports, by file and by folder: `python -m tests.rooms` prints the table of docs/design.md.

Imports inside functions and those for types alone count like all others. The two faces, `fastcnn/__init__.py` (lazy
names for users) and `fastcnn/__main__.py` (the way in), are left out: they name everything and hold nothing.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOP = {"fastcnn": "fastcnn", "kernels": "fastcnn.kernels", "gui": "fastcnn.gui", "bench": "fastcnn.bench"}
FACES = {"fastcnn/__init__.py", "fastcnn/__main__.py"}
Graph = dict[str, set[str]]


def sources() -> dict[str, Path]:
    """Each Python file of the product by its name in the checkout; not the tests that lie in bench."""
    paths = (path for folder in TOP for path in sorted((ROOT / folder).rglob("*.py")))
    return {path.relative_to(ROOT).as_posix(): path for path in paths if "test_kernels" not in path.parts}


def module_name(file: str) -> str:
    """The name that a file is imported under."""
    top, *parts = file.removesuffix(".py").split("/")
    return ".".join([TOP[top], *(part for part in parts if part != "__init__")])


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@functools.cache
def imported_names(file: str, path: Path) -> list[list[str]]:
    """The full names in each import of this project; of a from-import the names in it, and last the module itself."""
    name = module_name(file)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [[alias.name] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            levels = package.split(".")
            base = levels[: len(levels) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found.append([*(f"{module}.{alias.name}" for alias in node.names), module])
    return [names for names in found if names[-1].split(".")[0] == "fastcnn"]


def file_graph() -> Graph:
    """Which files each file imports."""
    files = sources()
    by_module = {module_name(file): file for file in files}
    graph: Graph = {}
    for file in files.keys() - FACES:
        targets: set[str] = set()
        for *names, module in imported_names(file, files[file]):
            hits = {by_module[name] for name in names if name in by_module}
            if len(hits) < len(names) or not names:
                hits |= {by_module[module]} if module in by_module else set()
            targets |= hits
        graph[file] = targets - FACES - {file}
    return graph


def folder_graph(files: Mapping[str, Iterable[str]]) -> Graph:
    """Which folders each folder imports from."""
    graph: Graph = {}
    for file, targets in files.items():
        room = _folder(file)
        graph.setdefault(room, set()).update(_folder(target) for target in targets)
    return {room: targets - {room} for room, targets in graph.items()}


def _folder(file: str) -> str:
    return file.rpartition("/")[0]


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Each set of nodes that reach one another."""
    reach = {node: _reachable(graph, node) for node in graph}
    found = {tuple(sorted(other for other in reach[node] if node in reach.get(other, ()))) for node in graph}
    return [list(circle) for circle in sorted(found) if circle]


def _reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph.get(waiting.pop(), set()) - seen
        seen |= new
        waiting += new
    return seen


def floors(graph: Mapping[str, set[str]]) -> dict[str, int]:
    """The floor of each node of a graph without circles: 0 imports nothing, and every import points down."""
    height: dict[str, int] = {}

    def floor(node: str) -> int:
        if node not in height:
            height[node] = 1 + max((floor(target) for target in graph.get(node, ())), default=-1)
        return height[node]

    for node in graph:
        floor(node)
    return height


def table() -> str:
    """A Markdown table of all rooms, the highest floor first, and a line of totals."""
    rooms = folder_graph(file_graph())
    height = floors(rooms)
    lines = ["| floor | room | imports from |", "| --- | --- | --- |"]
    for room in sorted(rooms, key=lambda room: (-height[room], room)):
        targets = ", ".join(f"`{target}`" for target in sorted(rooms[room])) or "-"
        lines.append(f"| {height[room]} | `{room}` | {targets} |")
    imports = sum(map(len, rooms.values()))
    lines.append(
        f"\n{len(rooms)} rooms on {len(set(height.values()))} floors, {imports} imports between them, no circle."
    )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
