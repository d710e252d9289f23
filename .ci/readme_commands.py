"""Print the n-th command of README.md: the n-th fenced block whose language is ``sh``.

The checks run what the README says, read from the README, so that the two can't drift apart.
"""

import re
import sys
from pathlib import Path

readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
blocks = re.findall(r"^```sh\n(.*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)
if len(blocks) < 2:
    sys.exit(f"README.md must open with two sh blocks, found {len(blocks)}")
print(blocks[int(sys.argv[1]) - 1].strip())
