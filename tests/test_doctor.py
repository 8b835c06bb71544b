"""`python -m planlab doctor`, and what the command line says when something is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from planlab.__main__ import Command, main, make_parser
from planlab.doctor import (
    Finding,
    examine_budget,
    examine_disk,
    examine_kernel,
    examine_model,
    examine_packages,
    examine_python,
    examine_rights,
    render_findings,
)

ROOT = Path(__file__).resolve().parent.parent


def run_bare(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m planlab …` by a Python that has no package but planlab."""
    command = [sys.executable, "-S", "-m", "planlab", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def make_lock(folder: Path, *lines: str) -> Path:
    lock = folder / "requirements.txt"
    lock.write_text("\n".join(("# a comment", "-e .", *lines)))
    return lock


def test_an_old_python_is_named_and_a_new_one_is_well() -> None:
    assert not examine_python((3, 10, 9)).ok
    assert examine_python((3, 11, 0)).ok
    assert examine_python((4, 0, 0)).ok


def test_packages_as_locked_are_well(tmp_path: Path) -> None:
    installed = sys.modules["pytest"].__version__  # type: ignore[attr-defined]
    findings = examine_packages(
        make_lock(tmp_path, f"pytest=={installed}", "absent==1 ; sys_platform == 'nowhere'")
    )
    assert [finding.ok for finding in findings] == [True]


def test_a_missing_and_a_mismatched_package_are_named(tmp_path: Path) -> None:
    missing, other = examine_packages(make_lock(tmp_path, "pytest==0.0.1", "no-such-thing==2"))
    assert "no-such-thing is missing" in missing.says
    assert "tested with 0.0.1" in other.says
    assert not missing.ok
    assert not other.ok
    assert "-r requirements.txt" in missing.mend


def test_a_package_outside_its_tree_says_so(tmp_path: Path) -> None:
    (finding,) = examine_packages(tmp_path / "requirements.txt")
    assert not finding.ok


@pytest.mark.parametrize("version", ["6.29.5", "7.0.0", "7.4.0", "7.4.0a1", "8.0.0", None])
def test_a_kernel_that_loses_buttons_is_named(
    version: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planlab.doctor.find_version", lambda name: version)
    assert not examine_kernel().ok


@pytest.mark.parametrize("version", ["7.0.1", "7.3.0", "7.3.9"])
def test_a_kernel_in_the_range_is_well(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planlab.doctor.find_version", lambda name: version)
    assert examine_kernel().ok


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    assert examine_rights(tmp_path).ok
    assert not examine_rights(tmp_path / "nowhere").ok


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert examine_disk(tmp_path).ok
    monkeypatch.setattr("planlab.doctor.LEAST_DISK", 10**12)
    assert not examine_disk(tmp_path).ok


@pytest.mark.parametrize(
    ("environment", "ok", "says"),
    [
        ({}, True, "simulated"),
        ({"OPENAI_API_KEY": "sk-secret"}, True, "simulated"),
        ({"PLANLAB_MODEL": ""}, True, "simulated"),
        ({"PLANLAB_MODEL": "m-1", "OPENAI_API_KEY": "sk-secret"}, True, "m-1"),
        ({"PLANLAB_MODEL": "m-1"}, False, "no key"),
        ({"PLANLAB_MODEL": "m-1", "OPENAI_API_KEY": ""}, False, "no key"),
    ],
)
def test_the_model_that_would_answer_is_named_and_the_key_never(
    environment: dict[str, str], ok: bool, says: str
) -> None:
    finding = examine_model(environment)
    assert (finding.ok, says in finding.says) == (ok, True)
    assert "sk-secret" not in str(finding)


@pytest.mark.parametrize("text", ["much", "", "-1", "nan", "inf", "$5"])
def test_a_spend_limit_that_is_no_sum_is_named(text: str) -> None:
    assert not examine_budget({"PLANLAB_BUDGET": text}).ok


@pytest.mark.parametrize(("text", "dollars"), [("0", "$0.00"), ("2.5", "$2.50")])
def test_the_spend_limit_is_said(text: str, dollars: str) -> None:
    assert dollars in examine_budget({"PLANLAB_BUDGET": text}).says


def test_each_remedy_stands_under_what_it_mends() -> None:
    lines = render_findings([Finding("a", "is fine"), Finding("b", "is not", False, "do this")])
    _, broken, remedy, summary = lines.splitlines()
    assert "is not" in broken
    assert "do this" in remedy
    assert "1" in summary


def test_the_doctor_runs_where_every_package_is_missing() -> None:
    done = run_bare("doctor")
    assert done.returncode == 1
    assert "MEND" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_command_says_which_package_it_lacks() -> None:
    done = run_bare("serve", "--port", "0")
    assert done.returncode == 1
    assert "is not installed" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_use_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--faults", "no_such_fault", "--port", "0"]) == 1
    assert "no_such_fault" in capsys.readouterr().err


def test_a_command_is_added_by_one_entry() -> None:
    def add_options(parser: object) -> None:
        pass

    def run(options: object) -> int:
        return 7

    options = make_parser([Command("new", "help", add_options, run)]).parse_args(["new"])
    assert options.run(options) == 7
