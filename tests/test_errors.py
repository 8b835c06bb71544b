"""Errors: one tree, drawn as it is; no key in any message."""

import inspect
import re

import pytest

import planlab.errors
from planlab.errors import PlanlabError, StuckPlan, TimedOut, Transient, redact

SECRET = "correct-horse-battery"


def test_the_drawn_tree_is_the_tree() -> None:
    drawn = re.findall(r"^ {4}([│ ├└─]*)(\w+)", inspect.getdoc(planlab.errors) or "", re.MULTILINE)
    assert [(len(lines) // 4, name) for lines, name in drawn] == list(tree(PlanlabError, 0))


def tree(error: type, depth: int) -> list[tuple[int, str]]:
    found = [(depth, error.__name__)]
    for child in error.__subclasses__():
        if child.__module__ == "planlab.errors":
            found += tree(child, depth + 1)
    return found


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "HF_TOKEN", "my_apikey", "DB_PASSWORD"])
def test_the_value_of_a_key_is_cut_out_of_a_message(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, SECRET)
    error = PlanlabError(f"401 for {SECRET}, tried {SECRET}")
    assert SECRET not in error.message + str(error) + repr(error)
    assert name in error.message


@pytest.mark.parametrize(
    "text",
    [
        "sk-abcdefgh12345678",
        "sk-proj-abc_DEF-123456",
        "sk-ant-api03-abcdefgh",
        "wrong key: sk-abcd*****efgh",
        "key:\nsk-abcdefgh12345678",
        "Authorization: Bearer abc.def-123/456=",
    ],
)
def test_what_looks_like_a_key_is_cut_out(text: str) -> None:
    left = redact(f"<{text}>")
    assert "[key removed]" in left
    assert not re.search(r"abc|456|efgh", left)


@pytest.mark.parametrize(
    "text",
    [
        "a task-management-tool",
        "risk-assessment",
        "the bearer of bad news",
        "sk-learn",
        "tokens: 5",
    ],
)
def test_other_words_stay(text: str) -> None:
    assert redact(text) == text


def test_a_longer_key_that_contains_a_shorter_one_is_cut_out_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_TOKEN", SECRET)
    monkeypatch.setenv("B_TOKEN", f"{SECRET}-staple")
    assert redact(f"{SECRET}-staple") == "[B_TOKEN removed]"


def test_a_time_out_is_transient_and_a_stuck_plan_names_its_steps() -> None:
    assert isinstance(TimedOut("slow", abandoned=True), Transient)
    assert StuckPlan("a needs b", ("a", "b")).ids == ("a", "b")
