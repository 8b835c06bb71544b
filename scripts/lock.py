"""Make the locks anew, each from the `.in` file beside it: `python scripts/lock.py`.

Versions that are already locked stay, unless `--upgrade` or `--upgrade-package NAME` is given.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_OPTIONS = [
    "--quiet",
    "--universal",
    "--python-version=3.11",
    "--fork-strategy=fewest",  # one version for every Python and system, wherever there is one
    "--no-emit-index-url",
    "--no-annotate",
    "--custom-compile-command=python scripts/lock.py",
]


def lock(*sources: str, options: list[str]) -> None:
    """Write the first source's lock beside it; raises `CalledProcessError` where nothing fits."""
    target = sources[0].replace(".in", ".txt")
    command = [sys.executable, "-m", "uv", "pip", "compile", *_OPTIONS, *options]
    subprocess.run([*command, *sources, "--output-file", target], cwd=ROOT, check=True)


def main(options: list[str]) -> None:
    """Lock what learners install first, and hold what others install to the same versions."""
    lock("requirements.in", options=options)
    lock("requirements-dev.in", "requirements.txt", options=options)
    lock("requirements-bench.in", "requirements-dev.txt", options=options)
    lock("requirements-interop.in", "requirements-dev.txt", options=options)
    lock("requirements-instructor.in", options=options)


if __name__ == "__main__":
    main(sys.argv[1:])
