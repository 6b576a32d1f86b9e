"""Run the notebooks of docs/examples. `python -m tests.notebooks` runs them and saves them with their outputs."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "docs" / "examples").glob("*.ipynb"))
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LIMIT_S = 300


def executed(path: Path, folder: Path) -> Any:
    """The notebook after a run in an empty folder, by this interpreter. An error in a cell is raised."""
    import nbclient
    import nbformat

    book = nbformat.read(path, as_version=4)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = folder / "kernels" / "here"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "here", "language": "python"}))
    (folder / "run").mkdir()
    os.environ["JUPYTER_PATH"] = str(folder)
    client = nbclient.NotebookClient(
        book, timeout=LIMIT_S, kernel_name="here", resources={"metadata": {"path": str(folder / "run")}}
    )
    client.execute(env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])})
    return book


def saved(book: Any) -> str:
    """The notebook as text: cells and outputs, without what tells of the machine or the time."""
    cells = []
    for cell in book["cells"]:
        kept = {name: cell[name] for name in ("cell_type", "id", "source")} | {"metadata": {}}
        if cell["cell_type"] == "code":
            outputs = [{**output, **({"metadata": {}} if "metadata" in output else {})} for output in cell["outputs"]]
            kept |= {"execution_count": cell["execution_count"], "outputs": outputs}
        cells.append(kept)
    whole = {"cells": cells, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    """Run each and save it."""
    for path in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            path.write_text(saved(executed(path, Path(folder))), encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
