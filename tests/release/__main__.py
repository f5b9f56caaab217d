"""`python -m tests.release VERSION`: check, build both distributions into `dist/`, and tag the commit."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.release.checks import git, problems
from tests.wheels.environments import build

ROOT = Path(__file__).parents[2]
USAGE = "make release VERSION=1.2.3: say which version"
NEXT = """
Nothing was uploaded. Next (docs/developers/releasing.md):
  git push origin {tag}
  publish what lies in dist/, the emulator first: the tool's extra [local] requires it
  attach the same files to the release of the tag, with the section of CHANGELOG.md
To take it back: git tag -d {tag}
"""


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Release the committed version, or print why not and return 1."""
    if len(arguments) != 1 or not arguments[0]:
        sys.stderr.write(f"{USAGE}\n")
        return 1
    (version,), tag = arguments, f"v{arguments[0]}"
    if found := problems(root, version):
        sys.stderr.write("".join(f"not released: {text}\n" for text in found))
        return 1
    dist = root / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    for project in (root / "emulator", root):
        build(project, dist)
    for path in sorted(dist.iterdir()):
        if path.is_dir():
            shutil.rmtree(path)  # the source distribution, unpacked, of which the wheel was built
        else:
            print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  dist/{path.name}")
    # last, so that a failed build gets no tag
    git(root, "tag", "--annotate", tag, "--message", f"Version {version}")
    print(NEXT.format(tag=tag))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
