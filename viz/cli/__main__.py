"""Run the command as ``python -m viz.cli``."""

import sys

from .main import main

if __name__ == "__main__":
    sys.exit(main())
