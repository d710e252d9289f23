"""Prints what the package and extras of it need, one requirement a line: `python .ci/extras.py dev bench`.

To install these is enough where the package is installed already or runs from its checkout; its native engine isn't built anew.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = [requirement for name in sys.argv[1:] for requirement in project["optional-dependencies"][name]]
print(*dict.fromkeys(project["dependencies"] + extras), sep="\n")
