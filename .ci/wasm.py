"""Runs the tests on WebAssembly: CPython as pyodide builds it, in Node.js, with Graphviz from @viz-js/viz.

``python .ci/wasm.py`` needs node, npm and pip with a network (or their caches). pyodide comes from npm in the version of
docs/play/package-lock.json; pytest, Hypothesis, mpmath and graphviz from pip, as pure wheels. Two processes share the files of
tests/autograd, nn, proof and viz. `wasm_plugin.py` says what is skipped, and why.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs" / "play"))
import build  # noqa: E402  # it installs from npm

PURE = ["pytest>=8", "hypothesis>=6.100", "mpmath>=1.3", "graphviz>=0.20"]
FOLDERS = ("autograd", "nn", "proof", "viz")
# Files of which nothing would run: what they need is NumPy, another program, or the native engine.
ELSEWHERE = {"test_browser", "test_fonts", "test_jacobians", "test_native_memory", "test_sklearn", "test_twins"}
# Nothing but searches for the worst error of each function, which take a quarter of an hour here.
SLOW = {"test_accuracy"}
MEMORY = "--max-old-space-size=4096"
COUNTED = ("passed", "failed", "skipped", "error", "errors")


def site(folder: Path) -> None:
    """Install what the tests import, in pure Python for another version than this one."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "--only-binary", ":all:"]
    command += ["--python-version", "3.14", "--implementation", "py", "--abi", "none", "--platform", "any", *PURE]
    subprocess.run(command, check=True)


def shares(files: list[Path], count: int) -> list[list[Path]]:
    """Parts of about the same size, by the length of the files."""
    parts: list[list[Path]] = [[] for _ in range(count)]
    sizes = [0] * count
    for path in sorted(files, key=lambda path: -path.stat().st_size):
        least = sizes.index(min(sizes))
        parts[least].append(path)
        sizes[least] += path.stat().st_size
    return parts


def main() -> int:
    """Run them; 0 if all passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="test files instead of all")
    parser.add_argument("--modules", type=Path, help="a node_modules with pyodide and @viz-js/viz; otherwise npm installs them")
    parser.add_argument("--site", type=Path, help="a folder with pytest and the rest; otherwise pip installs them")
    parser.add_argument("--processes", type=int, default=2, help="how many processes share the files (default: 2)")
    parser.add_argument("--verbose", action="store_true", help="name each test")
    options = parser.parse_args()
    node = shutil.which("node")
    if node is None:
        sys.exit("node is not on the PATH; install Node.js")
    found = [path for name in FOLDERS for path in sorted((ROOT / "tests" / name).glob("test_*.py"))]
    files = [path.resolve() for path in options.files] or [path for path in found if path.stem not in ELSEWHERE | SLOW]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        modules = options.modules or build.install(folder)
        packages = options.site or folder / "site"
        if not packages.exists():
            site(packages)
        runs = []
        for k, part in enumerate(shares(files, min(options.processes, len(files)))):
            names = [str(path.relative_to(ROOT)) for path in sorted(part)]
            command = [node, MEMORY, str(ROOT / ".ci" / "wasm.mjs"), str(modules), str(ROOT), str(packages)]
            command += ["-v" if options.verbose else "-q", "-rsfE", "--durations=8", *names]
            output = (folder / f"{k}.txt").open("w+", encoding="utf-8")
            runs.append((subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ}), output))
        counts: Counter[str] = Counter()
        failed = False
        for process, output in runs:
            failed |= process.wait() != 0
            output.seek(0)
            lines = [line[:400] for line in output.read().splitlines()]  # a crash prints a line of pyodide, which is a megabyte
            output.close()
            print(*lines, sep="\n")
            for number, what in re.findall(r"(\d+) (\w+)", lines[-1] if lines else ""):
                if what in COUNTED:
                    counts[what.removesuffix("s")] += int(number)
        if not counts["passed"]:
            failed = True
    print(f"WebAssembly: {counts['passed']} passed, {counts['failed'] + counts['error']} failed, {counts['skipped']} skipped")
    return int(failed or bool(counts["failed"] + counts["error"]))


if __name__ == "__main__":
    sys.exit(main())
