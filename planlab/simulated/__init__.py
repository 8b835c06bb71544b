"""The simulated model: a deterministic model that speaks OpenAI's protocols.

It answers the real `openai` client, in the process or over HTTP, and says that it is simulated.
"""

from functools import partial
from typing import TYPE_CHECKING

import httpx2
from openai import AsyncOpenAI, OpenAI

from . import lean  # noqa: F401  # first
from .carry import Endpoint, SimulatedTransport
from .reply import FINGERPRINT
from .simulator import Latency, Simulator
from .sizes import LARGE, SIZES, SMALL, Size
from .wire import Response, respond

if TYPE_CHECKING:
    from .server import serve, serving

__all__ = [
    "FINGERPRINT",
    "LARGE",
    "SIZES",
    "SMALL",
    "Endpoint",
    "Latency",
    "Response",
    "Simulator",
    "Size",
    "respond",
    "serve",
    "serving",
    "simulated_client",
    "simulated_sync_client",
]

_BASE_URL = "http://simulated.invalid/v1"  # nothing is ever sent there


def __getattr__(name: str) -> object:
    # Only what serves needs h11, which is not everywhere (not in a browser).
    if name not in ("serve", "serving"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import server

    return getattr(server, name)


def simulated_client(
    simulator: Simulator | Endpoint, *, timeout: float | None = 60.0, max_retries: int = 2
) -> AsyncOpenAI:
    """The official client on the simulated model, without a network. `timeout` in seconds.

    An `Endpoint` in the simulator's place answers from wherever it likes.
    """
    client = AsyncOpenAI(
        api_key="simulated",
        base_url=_BASE_URL,
        timeout=timeout,
        max_retries=max_retries,
        http_client=httpx2.AsyncClient(transport=_transport(simulator)),
    )
    # Else each of its first calls asks a thread which system this is: calls that were made side by
    # side would arrive in any order, and the faults that befall the third would meet another.
    client._platform = "Unknown"
    return client


def simulated_sync_client(
    simulator: Simulator | Endpoint, *, timeout: float | None = 60.0, max_retries: int = 2
) -> OpenAI:
    """The same for programs that are not async."""
    return OpenAI(
        api_key="simulated",
        base_url=_BASE_URL,
        timeout=timeout,
        max_retries=max_retries,
        http_client=httpx2.Client(transport=_transport(simulator)),
    )


def _transport(simulator: Simulator | Endpoint) -> SimulatedTransport:
    if isinstance(simulator, Simulator):
        return SimulatedTransport(partial(respond, simulator=simulator))
    return SimulatedTransport(simulator)
