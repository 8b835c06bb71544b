"""The set-up: locks that agree with their sources, and tests that reach no real model."""

import asyncio
import os
import runpy
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from jupyter_core.paths import jupyter_config_path
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import planlab

ROOT = Path(__file__).resolve().parent.parent
SIX = ("jupyterlab", "ipywidgets", "openai", "pydantic", "nbval", "mermaid-py")
LOCKS = ("requirements", "requirements-dev", "requirements-bench", "requirements-interop")


def requirements(name: str) -> Iterator[Requirement]:
    """What a requirements file asks for by name, and what the files that it includes ask for."""
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            yield from requirements(text.removeprefix("-r "))
        elif text and not text.startswith("-"):
            yield Requirement(text)


def locked(name: str) -> dict[tuple[str, str], str]:
    """{(package, marker): pin} of a lock."""
    return {
        (canonicalize_name(wanted.name), str(wanted.marker or "")): str(wanted.specifier)
        for wanted in requirements(name)
    }


@pytest.mark.parametrize("name", [*LOCKS, "requirements-instructor"])
def test_a_lock_holds_all_that_was_chosen(name: str) -> None:
    pins = {package: pin.removeprefix("==") for (package, _), pin in locked(f"{name}.txt").items()}
    stale = [
        str(chosen)
        for chosen in requirements(f"{name}.in")
        if not chosen.specifier.contains(pins.get(canonicalize_name(chosen.name), "0"))
        or canonicalize_name(chosen.name) not in pins
    ]
    assert stale == [], "run `python scripts/lock.py`"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_exactly_and_names_no_place(name: str) -> None:
    assert all(pin.startswith("==") and "*" not in pin for pin in locked(f"{name}.txt").values())
    text = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    assert not [word for word in ("://", "file:", "index", " @ ") if word in text]
    assert "-e ." in text.splitlines()


def test_developers_have_what_learners_have_and_all_others_what_developers_have() -> None:
    learner, developer, *others = (locked(f"{name}.txt").items() for name in LOCKS)
    assert all(learner <= developer <= other for other in others)


def test_the_course_stands_on_its_six_packages() -> None:
    assert set(SIX) <= {package for package, _ in locked("requirements.txt")}


def test_this_package_is_installed_from_the_tree() -> None:
    assert version("planlab") == planlab.__version__
    assert Path(planlab.__file__).parent == ROOT / "planlab"


def test_lab_finds_the_settings_that_keep_it_off_the_network() -> None:
    name = "jupyter_lab_config.py"
    ours = (ROOT / "jupyter_settings/etc/jupyter" / name).read_text(encoding="utf-8")
    found = [Path(folder) / name for folder in jupyter_config_path()]
    assert ours in [path.read_text(encoding="utf-8") for path in found if path.is_file()]


def test_a_real_model_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PLANLAB_MODEL", "PLANLAB_SMALL_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "a learner's own")
    runpy.run_path(str(ROOT / "conftest.py"))
    assert "a learner's own" not in os.environ.values()


def test_only_this_machine_can_be_reached() -> None:
    with pytest.raises((RuntimeError, UserWarning), match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=0.1)


@pytest.mark.looptime
async def test_an_hour_of_virtual_time_takes_no_time() -> None:
    async with asyncio.timeout(3601):
        await asyncio.sleep(3600)


def test_the_core_is_importable_without_what_only_drawing_needs() -> None:
    absent = ("matplotlib", "IPython", "ipywidgets", "mermaid", "dbos", "nbgrader")
    program = f"""
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys({absent!r}))
import planlab
for module in pkgutil.walk_packages(planlab.__path__, "planlab."):
    if module.name.split(".")[1] not in ("show", "grading", "durable", "__main__"):
        importlib.import_module(module.name)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
