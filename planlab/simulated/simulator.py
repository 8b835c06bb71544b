"""The state of one simulated endpoint: what it was asked, what it has cached, how slow it is."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

from planlab.errors import BadInput

from .faults import Fault, parse_faults

if TYPE_CHECKING:
    from .act import Answer

CREATED = 1_733_702_400  # 2024-12-09 00:00 UTC, the Monday on which Acme's world stands
CACHED_FROM = 1024  # tokens: shorter shared prefixes are not cached, as with OpenAI
_KEPT_PREFIXES = 50_000
_KEPT_BYTES = 8 * 2**20  # of stored responses


@dataclass(frozen=True)
class Latency:
    """How slow the model is: seconds to the first token, and seconds for each token after it."""

    first: float = 0.0
    per_token: float = 0.0


def _model() -> "Callable[..., Answer]":
    from .act import answer

    return answer


@dataclass
class Simulator:
    """One simulated endpoint: its settings, the requests it has had and the prefixes it has cached.

    `latency` is None, seconds a call, or a Latency. `created` is the clock of its answers (Unix
    seconds). `answer` is the model itself. Safe to use from several threads.
    Raises BadInput for faults or a latency that mean nothing.
    """

    faults: str | None = None
    latency: float | Latency | None = None
    seed: int = 0
    created: int = CREATED
    answer: "Callable[..., Answer]" = field(default_factory=_model)
    requests: int = field(default=0, init=False)  # answers asked for so far

    def __post_init__(self) -> None:
        self._plan = parse_faults(self.faults)
        self._latency = _parse_latency(self.latency)
        self._seen: dict[bytes, None] = {}
        self._kept: dict[str, bytes] = {}
        self._lock = Lock()

    def next_request(self) -> tuple[int, dict[str, Fault]]:
        """The number of a new request, and the faults that befall it."""
        with self._lock:
            self.requests += 1
            number = self.requests
        return number, {f.name: f for f in self._plan if f.befalls(number, self.seed)}

    def cached(self, model: str, blocks: list[tuple[str, int]]) -> int:
        """Tokens of the longest run of first blocks that an earlier request began with as well.

        Remembers `blocks`, pairs of text and tokens, for the requests to come.
        """
        digest, total, longest = sha256(model.encode()), 0, 0
        with self._lock:
            for text, tokens in blocks:
                digest.update(sha256(text.encode()).digest())
                total += tokens
                if digest.digest() in self._seen:
                    longest = total
                self._seen[digest.digest()] = None
            while len(self._seen) > _KEPT_PREFIXES:
                del self._seen[next(iter(self._seen))]
        return longest if longest >= CACHED_FROM else 0

    def keep(self, id: str, stored: bytes) -> None:
        """Stores a response under its id; the oldest go when they are too many bytes."""
        with self._lock:
            self._kept[id] = stored
            size = sum(map(len, self._kept.values()))
            while size > _KEPT_BYTES:
                size -= len(self._kept.pop(next(iter(self._kept))))

    def recall(self, id: str) -> bytes | None:
        """What is stored under the id, or None."""
        return self._kept.get(id)

    def wait(self, tokens: int, chunks: int) -> tuple[float, float]:
        """Seconds to the first chunk, and from each to the next, of an answer of `tokens`."""
        if chunks == 1:
            return self._seconds(tokens), 0.0
        if isinstance(self._latency, Latency):
            return self._latency.first, self._latency.per_token * tokens / (chunks - 1)
        return self._latency / chunks, self._latency / chunks

    def _seconds(self, tokens: int) -> float:
        if isinstance(self._latency, Latency):
            return self._latency.first + self._latency.per_token * tokens
        return self._latency


def _parse_latency(latency: float | Latency | None) -> float | Latency:
    parts = (
        (latency.first, latency.per_token) if isinstance(latency, Latency) else (latency or 0.0,)
    )
    if not all(math.isfinite(part) and part >= 0 for part in parts):
        raise BadInput(f"latency={latency!r}: seconds must be 0 or more, and finite.")
    return latency or 0.0
