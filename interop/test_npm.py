"""The official npm client: create, parse, stream, and its own loop over tools (js/client.mjs)."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from shop import FACTS, PRICES, RIGHT, TASK, Shop

JS = Path(__file__).parent / "js"


@pytest.fixture(scope="module")
def printed(url: str) -> dict[str, Any]:
    """What the client made of one run of everything."""
    ready = shutil.which("node") and (JS / "node_modules/openai").is_dir()
    if not ready and not os.environ.get("CI_RUN_REQUIRES_CLIENTS"):
        pytest.skip("needs Node, and `npm ci` in interop/js")
    command = ["node", "client.mjs", url, TASK, FACTS, json.dumps(PRICES)]
    done = subprocess.run(
        command, cwd=JS, stdout=subprocess.PIPE, text=True, timeout=60, check=True
    )
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


@pytest.mark.parametrize("loop", ["run", "runStreamed"])
def test_its_loop_over_tools_solves_the_task(printed: dict[str, Any], loop: str) -> None:
    shop = Shop([(tool, asked) for tool, asked in printed[loop]["calls"]])
    shop.check_solved(printed[loop]["answer"])


def test_it_parses_data(printed: dict[str, Any]) -> None:
    assert printed["parse"] == RIGHT.model_dump()


def test_a_stream_holds_the_whole_answer(printed: dict[str, Any]) -> None:
    stream = printed["stream"]
    assert len(stream["pieces"]) > 3
    assert "".join(stream["pieces"]) == stream["whole"] == printed["create"]
    assert stream["tokens"] > 0
