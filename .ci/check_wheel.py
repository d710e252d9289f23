"""Check that a wheel holds every committed source file of the packages, the native engine, and otherwise only metadata."""

import subprocess
import sys
import zipfile

PACKAGES = ("autograd", "nn", "viz")

tracked = subprocess.run(["git", "ls-files", "--", *PACKAGES], check=True, capture_output=True, text=True).stdout.split()
packed = {name for name in zipfile.ZipFile(sys.argv[1]).namelist() if ".dist-info/" not in name}
compiled = {name for name in packed if name.startswith("autograd/_native.") and name.endswith((".so", ".pyd"))}
packed -= compiled
wrong = [] if len(compiled) == 1 else [f"the wheel holds {len(compiled)} compiled engines instead of one"]
wrong += [f"the wheel lacks {name}" for name in sorted(set(tracked) - packed)]
wrong += [f"the wheel holds {name}, which is not committed" for name in sorted(packed - set(tracked))]
if wrong:
    sys.exit("\n".join(wrong))
print(f"the wheel holds the {len(packed)} files of the packages, and {compiled.pop()}")
