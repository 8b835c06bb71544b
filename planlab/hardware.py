"""What a model's tokens cost a machine: bytes of KV cache, and seconds.

For each token of a context the model keeps a key and a value in every layer (the KV cache). To
write one token it reads all its weights and all that it keeps: decode is bound by the memory's
bandwidth, not by arithmetic. Of a provider's own machines none of this is known: these are bounds.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from planlab.bill import check_count
from planlab.cost import known_facts
from planlab.errors import BadInput
from planlab.records import Usage
from planlab.trace import Kind, Trace

GIB = 2**30


@dataclass(frozen=True)
class Shape:
    """A model's shape; `parameters` are its weights.

    >>> Shape(layers=32, kv_heads=8, head_size=128, parameters=8_030_261_248).kv_bytes()
    131072
    """

    layers: int
    kv_heads: int
    head_size: int
    parameters: int = 0

    def __post_init__(self) -> None:
        for name in ("layers", "kv_heads", "head_size", "parameters"):
            check_count(name, getattr(self, name))

    def kv_bytes(self, tokens: int = 1, *, bits: int = 16) -> int:
        """The bytes of the KV cache: a key and a value for each token, layer and KV head."""
        check_count("tokens", tokens)
        return tokens * 2 * self.layers * self.kv_heads * self.head_size * _bytes(bits)

    def weight_bytes(self, *, bits: int = 16) -> int:
        """The bytes of the weights."""
        return self.parameters * _bytes(bits)

    def decode_seconds(
        self, prompt: int, answer: int, *, bandwidth: float, bits: int = 16, batch: int = 1
    ) -> float:
        """The least time to write `answer` tokens after `prompt`, at `bandwidth` bytes a second.

        `batch` such contexts are written side by side: the weights are read once for all of them.
        """
        check_count("answer", answer)
        check_count("batch", batch)
        _check_rate("bandwidth", bandwidth)
        kept = answer * prompt + answer * (answer - 1) // 2  # tokens read from the cache, in all
        read = answer * self.weight_bytes(bits=bits) + batch * self.kv_bytes(kept, bits=bits)
        return read / bandwidth


def shape_of(model: str) -> Shape:
    """The shape of a model of which it is known, such as 'llama-3.1-8b'; raises `BadInput`."""
    known = known_facts("shape")
    if model not in known:
        raise BadInput(f"No shape is known for {model!r}. There are: {', '.join(known)}.")
    row = known[model]
    return Shape(row["layers"], row["kv_heads"], row["head_size"], row["parameters"])


def bandwidth_of(accelerator: str) -> float:
    """Bytes a second that an accelerator such as 'h100-sxm' reads of its memory; or `BadInput`."""
    known = known_facts("bandwidth")
    if accelerator not in known:
        raise BadInput(f"No bandwidth is known for {accelerator!r}. There are: {', '.join(known)}.")
    return float(known[accelerator]["bytes"])


@dataclass(frozen=True)
class Pace:
    """How fast an endpoint is: seconds a round-trip, tokens a second of prefill and of decode.

    >>> pace = Pace(round_trip=0.5, prefill=5_000, decode=50)
    >>> pace.seconds([Usage(1, 10_000, 5_000, 100)], tools=1.5)
    5.0
    """

    round_trip: float
    prefill: float
    decode: float

    def __post_init__(self) -> None:
        _check_rate("prefill", self.prefill)
        _check_rate("decode", self.decode)
        if not 0 <= self.round_trip < math.inf:
            raise BadInput(f"round_trip is {self.round_trip}: seconds are 0 or more, and finite.")

    def seconds(self, calls: Iterable[Usage], *, tools: float = 0.0) -> float:
        """How long calls take one after the other, with `tools` seconds beside them."""
        used = sum(calls, Usage())
        fresh = used.input_tokens - used.cached_tokens
        waiting = used.calls * self.round_trip + tools
        return waiting + fresh / self.prefill + used.output_tokens / self.decode


def seconds_busy(trace: Trace, kind: Kind) -> float:
    """The seconds in which at least one span of this kind was open: overlaps count once."""
    busy, until = 0.0, 0.0
    for span in sorted(trace.of(kind), key=lambda span: span.start):
        end = span.start if span.end is None else span.end
        busy += max(0.0, end - max(span.start, until))
        until = max(until, end)
    return busy


def _bytes(bits: int) -> int:
    check_count("bits", bits)
    if bits == 0 or bits % 8:
        raise BadInput(f"bits is {bits}: whole bytes are needed, such as 8 or 16.")
    return bits // 8


def _check_rate(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise BadInput(f"{name} is {value}: more than 0, and finite, is needed.")
