"""Prints what extras of the package need, one requirement a line: `python .ci/extras.py dev bench`.

To install these alone is enough where the package is installed already, and doesn't build its native engine once more.
"""

import sys
import tomllib
from pathlib import Path

extras = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
print(*dict.fromkeys(requirement for name in sys.argv[1:] for requirement in extras[name]), sep="\n")
