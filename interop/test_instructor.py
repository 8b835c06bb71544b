"""Instructor, in an environment of its own (instructor_client.py)."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from shop import FACTS, PRICES, RIGHT, TASK, Shop

PYTHON = os.environ.get("CI_RUN_INSTRUCTOR_PYTHON")
CLIENT = Path(__file__).with_name("instructor_client.py")


@pytest.fixture(scope="module")
def printed(url: str) -> dict[str, Any]:
    """What the client made of one run of everything."""
    if PYTHON is None and not os.environ.get("CI_RUN_REQUIRES_CLIENTS"):
        pytest.skip("CI_RUN_INSTRUCTOR_PYTHON must name a Python with requirements-instructor.txt")
    command = [str(PYTHON), str(CLIENT), url, TASK, FACTS, json.dumps(PRICES)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def test_its_parallel_tools_solve_the_task(printed: dict[str, Any]) -> None:
    Shop([(tool, asked) for tool, asked in printed["calls"]]).check_calls()
    assert printed["bill"] == RIGHT.model_dump()


@pytest.mark.parametrize("mode", ["TOOLS", "JSON_SCHEMA", "JSON", "MD_JSON"])
def test_every_mode_answers_as_data(printed: dict[str, Any], mode: str) -> None:
    right = RIGHT.model_dump()
    assert printed["read"][mode] == {"whole": right, "streamed": right}
