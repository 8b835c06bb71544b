"""The simulated model: a deterministic model that speaks OpenAI's Chat Completions protocol.

It answers the real `openai` client, in the process or over HTTP, and says that it is simulated.
"""

import httpx2
from openai import AsyncOpenAI, OpenAI

from .carry import SimulatedTransport, serve, serving
from .simulator import Latency, Simulator
from .sizes import LARGE, SIZES, SMALL, Size
from .wire import FINGERPRINT

__all__ = [
    "FINGERPRINT",
    "LARGE",
    "SIZES",
    "SMALL",
    "Latency",
    "Simulator",
    "Size",
    "serve",
    "serving",
    "simulated_client",
    "simulated_sync_client",
]

_BASE_URL = "http://simulated.invalid/v1"  # nothing is ever sent there


def simulated_client(
    simulator: Simulator, *, timeout: float | None = 60.0, max_retries: int = 2
) -> AsyncOpenAI:
    """The official client on the simulated model, without a network. `timeout` in seconds."""
    return AsyncOpenAI(
        api_key="simulated",
        base_url=_BASE_URL,
        timeout=timeout,
        max_retries=max_retries,
        http_client=httpx2.AsyncClient(transport=SimulatedTransport(simulator)),
    )


def simulated_sync_client(
    simulator: Simulator, *, timeout: float | None = 60.0, max_retries: int = 2
) -> OpenAI:
    """The same for programs that are not async."""
    return OpenAI(
        api_key="simulated",
        base_url=_BASE_URL,
        timeout=timeout,
        max_retries=max_retries,
        http_client=httpx2.Client(transport=SimulatedTransport(simulator)),
    )
