"""Builds the playground, a folder of static files: ``python docs/play/build.py [--output FOLDER]``.

It puts together this folder's page, a pure wheel of glassgrad, the Python package graphviz as it is installed here, and two
packages from npm in the versions of the lock file: pyodide (CPython in WebAssembly) and @viz-js/viz (Graphviz in WebAssembly).
The page asks nothing of any other host. Try it with ``python -m http.server --directory docs/play/dist``.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = ("index.html", "play.css", "play.js", "worker.js", "session.py", "examples.json")
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
SOURCES = ("autograd", "nn", "viz", "pyproject.toml", "setup.py", "README.md", "LICENSE")


def install(folder: Path) -> Path:
    """Install the two packages from npm, exactly as the lock file has them; returns their ``node_modules``."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder)
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is not on the PATH; install Node.js, which brings it")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        sys.exit("npm could not install what docs/play/package-lock.json names; is there a network, or a cache of it?")
    return folder / "node_modules"


def make_wheel(folder: Path) -> Path:
    """Build a wheel of this checkout without the native engine, from a copy, which leaves the checkout as it is."""
    copy = folder / "source"
    copy.mkdir()
    skipped = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=skipped)
        else:
            shutil.copy(ROOT / name, copy)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(copy)]
    subprocess.run(command, check=True, env=os.environ | {"AUTOGRAD_BUILD": "pure"})
    (wheel,) = folder.glob("glassgrad-*.whl")
    return wheel


def archive(path: Path, files: dict[str, bytes]) -> None:
    """Write files into an archive that has the same bytes whenever it is written."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, data)


def build(output: Path, modules: Path, wheel: Path) -> None:
    """Write the page and all that it loads into a folder, which is emptied first."""
    shutil.rmtree(output, ignore_errors=True)
    (output / "pyodide").mkdir(parents=True)
    for name in PAGE:
        shutil.copy(HERE / name, output)
    for name in PYODIDE:
        shutil.copy(modules / "pyodide" / name, output / "pyodide")
    # Of the list of packages that could be had from elsewhere, only what Python itself is.
    lock = json.loads((modules / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8"))
    (output / "pyodide" / "pyodide-lock.json").write_text(json.dumps({"info": lock["info"], "packages": {}}), encoding="utf-8")
    shutil.copy(modules / "@viz-js" / "viz" / "dist" / "viz.js", output)
    with zipfile.ZipFile(wheel) as packed:
        ours = {name: packed.read(name) for name in packed.namelist() if not name.endswith((".pyx", ".pxi"))}
    archive(output / "glassgrad.zip", ours)
    installed = importlib.metadata.distribution("graphviz")
    theirs = {
        str(file): file.read_binary() for file in installed.files or () if file.suffix == ".py" or file.name == "METADATA"
    }
    archive(output / "graphviz.zip", theirs)
    parts = [
        f"graphviz {installed.version} (Python): {installed.metadata['License-Expression'] or installed.metadata['License']}"
    ]
    for name in ("pyodide", "@viz-js/viz"):
        package = json.loads((modules / name / "package.json").read_text(encoding="utf-8"))
        parts.append(f"{name} {package['version']}: {package['license']}")
    words = "This page holds, beside glassgrad (MIT), parts of other projects, unchanged:\n"
    (output / "licences.txt").write_text(words + "".join([f"- {part}\n" for part in parts]), encoding="utf-8")


def sizes(output: Path) -> str:
    """How large the files are, as they are and as a server sends them, compressed."""
    rows = []
    for path in sorted(output.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            rows.append((len(gzip.compress(data, 9)), len(data), str(path.relative_to(output))))
    rows.sort(reverse=True)
    lines = [f"{small / 1000:10,.1f}  {large / 1000:10,.1f}  {name}" for small, large, name in rows]
    total = f"{sum(row[0] for row in rows) / 1000:10,.1f}  {sum(row[1] for row in rows) / 1000:10,.1f}  in all"
    return "\n".join(["kB gzipped          kB  file", *lines, total])


def main() -> None:
    """Build it and print the sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=HERE / "dist", help="the folder to write (default: docs/play/dist)")
    parser.add_argument("--wheel", type=Path, help="a pure wheel of glassgrad; otherwise one is built of this checkout")
    parser.add_argument("--modules", type=Path, help="a node_modules with the packages; otherwise npm installs them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        modules = options.modules or install(folder)
        wheel = options.wheel or make_wheel(folder)
        build(options.output, modules, wheel)
    print(sizes(options.output))


if __name__ == "__main__":
    main()
