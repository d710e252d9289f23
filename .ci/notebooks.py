"""Run every notebook from a clean kernel, and compare the committed outputs with the new ones.

    python .ci/notebooks.py [--engine native|python] [--limit SECONDS] [--write] [NAME ...]

It reports errors, warnings and anything else on standard error, a run beyond the limit, outputs that differ from the committed
ones in kind or order, a cell that was not run in its order, a notebook without three exercises with solutions, and a solution
that does not run after the notebook. --write puts the new outputs into the notebooks instead of comparing.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
NEEDS = {"09_scale_out.ipynb": ("jax", "torch")}  # left out where one of these is not installed
QUIETLY = ["--IPKernelApp.log_level=ERROR"]  # else each kernel begins by saying that it does not encrypt
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def joined(outputs: list[Any]) -> list[Any]:
    """Outputs in which what was printed in one go is one output: a kernel may hand it on in pieces."""
    found: list[Any] = []
    for output in outputs:
        if found and output.output_type == found[-1].output_type == "stream" and output.name == found[-1].name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def shape(cell: Any) -> list[Any]:
    """The kinds of a cell's outputs, in their order."""
    return [(output.output_type, output.get("name", ""), sorted(output.get("data", {}))) for output in cell.get("outputs", [])]


def complaints_about(page: Any) -> list[str]:
    """What is wrong with a committed notebook before it is run."""
    found = []
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("its cells were not run once each, in their order")
    if dict(page.metadata) != METADATA:
        found.append("its metadata are not those of --write")
    text = "\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
    exercises = text.partition("## Exercises")[2]
    if exercises.count("<details><summary>Solution</summary>") != 3:
        found.append("it does not end with three exercises and their solutions")
    if not text.startswith("# "):
        found.append("it does not begin with a title")
    return found


def run(path: Path, limit: float) -> tuple[Any, float, list[str]]:
    """The notebook with fresh outputs, the seconds it took, and what went wrong."""
    page = nbformat.read(path, as_version=4)
    cells = list(page.cells)
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    solutions = re.findall(r"^```python\n(.*?)^```", text.partition("## Exercises")[2], flags=re.DOTALL | re.MULTILINE)
    page.cells += [nbformat.v4.new_code_cell(code) for code in solutions]  # the solutions must run as well
    start = time.monotonic()
    place = {"metadata": {"path": str(path.parent)}}
    NotebookClient(page, timeout=int(limit), extra_arguments=QUIETLY, resources=place).execute()
    took = time.monotonic() - start
    found = [] if len(solutions) == 3 else [f"{len(solutions)} of its solutions have code"]
    for cell in page.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
            for output in cell.outputs:
                output.get("data", {}).pop("application/pdf", None)  # which LaTeX alone needs, after a run of its own
        found += [
            f"cell {cell.id if cell in cells else 'of a solution'} wrote to standard error: {output.text[:300]}"
            for output in cell.get("outputs", [])
            if output.get("name") == "stderr"
        ]
    page.cells = cells
    page.metadata = nbformat.from_dict(METADATA)
    if took > limit:
        found.append(f"it took {took:.0f} s, more than {limit:g}")
    return page, took, found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Run the notebooks.")
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--engine", choices=["native", "python"], help="the engine to run them on")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for each")
    parser.add_argument("--write", action="store_true", help="write the fresh outputs into the notebooks")
    options = parser.parse_args()
    if options.engine:
        os.environ["AUTOGRAD_ENGINE"] = options.engine
    os.environ["PYTHONWARNINGS"] = "default"
    with tempfile.TemporaryDirectory() as elsewhere:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = elsewhere  # not into the folder of the notebooks
        return 1 if some_wrong(options) else 0


def some_wrong(options: argparse.Namespace) -> bool:
    """Run the notebooks, say what is wrong with them, and whether anything is; it is wrong as well if there are none."""
    paths = [path for path in sorted(FOLDER.glob("*.ipynb")) if not options.names or path.name in options.names]
    for path in [path for path in paths if any(not find_spec(name) for name in NEEDS.get(path.name, ()))]:
        print(f"{path.name}: left out, it needs {' and '.join(NEEDS[path.name])}")
        paths.remove(path)
        if not paths:
            return False
    wrong = 0
    with ProcessPoolExecutor(1 if options.write else 2) as pool:
        # The later ones take longer, so they come first. What is written was measured with nothing else running.
        runs = {path: pool.submit(run, path, options.limit) for path in reversed(paths)}
        for path in paths:
            committed = nbformat.read(path, as_version=4)
            fresh, took, found = runs[path].result()
            if options.write:
                nbformat.write(fresh, path)
                committed = fresh
            found += complaints_about(committed)
            for before, after in zip(committed.cells, fresh.cells, strict=True):
                if shape(before) != shape(after):
                    found.append(f"cell {before.id} gives {shape(after)}, and committed is {shape(before)}")
            print(f"{path.name}: {took:.1f} s", *found, sep="\n  ", flush=True)
            wrong += bool(found)
    return bool(wrong) or not paths


if __name__ == "__main__":
    sys.exit(main())
