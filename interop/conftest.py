"""The server that every client is pointed at: `python -m planlab serve`, a process of its own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from openai import AsyncOpenAI
from shop import Shop

# Before any client is imported: none of them may tell anybody what it does.
os.environ.update(OPENAI_AGENTS_DISABLE_TRACING="1", LANGSMITH_TRACING="false")

READY = re.compile(r"A simulated model answers at (http://\S+/v1)")
PATIENCE = 20  # seconds


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The base URL of a simulated model, which must end cleanly when it is interrupted."""
    command = [sys.executable, "-m", "planlab", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        ready = READY.match(server.stdout.readline())
        assert ready, "the server did not say where it answers"
        yield ready[1]
        server.send_signal(signal.SIGINT)
        printed, _ = server.communicate(timeout=PATIENCE)
        assert server.returncode == 0
        assert printed.endswith("Stopped.\n")


@pytest.fixture
async def client(url: str) -> AsyncIterator[AsyncOpenAI]:
    """The official client, for those that are built on it; closed with the test's event loop."""
    async with AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
def shop() -> Shop:
    return Shop()
