"""What a run cost, call by call: prefill, what the prefix cache spared of it, and decode.

Prefill reads the prompt; decode writes the answer, token by token. An endpoint keeps what it worked
out for a prompt, so a later prompt that begins with the same tokens is spared these: from the first
token that differs, all is read anew. (What is kept are keys and values: see `hardware`.)
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from planlab.cost import Price, known_facts, price_of
from planlab.errors import BadInput
from planlab.records import Usage
from planlab.tokens import count_tokens, split_tokens, words_in
from planlab.tools import Tool
from planlab.trace import Trace

Context = Sequence[Mapping[str, object]]


def check_count(name: str, value: object) -> None:
    """Raises `BadInput` for what is no whole number from 0 on."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadInput(f"{name} is {value!r}: a whole number, 0 or more, is needed.")


@dataclass(frozen=True)
class PrefixCache:
    """Hits are whole blocks of `block` tokens; fewer than `shortest` tokens are no hit.

    >>> openai = PrefixCache(block=128, shortest=1024)
    >>> openai.hit(1023), openai.hit(1100), openai.hit(1200)
    (0, 1024, 1152)
    """

    block: int = 1
    shortest: int = 0

    def __post_init__(self) -> None:
        check_count("block", self.block)
        check_count("shortest", self.shortest)
        if self.block == 0:
            raise BadInput("block is 0: a block holds one token at least.")

    def hit(self, shared: int) -> int:
        """The tokens that are spared where the first `shared` are the same, wherever that ends."""
        check_count("shared", shared)
        whole = shared - shared % self.block
        return whole if whole >= self.shortest else 0


def cache_of(endpoint: str) -> PrefixCache:
    """The prefix cache of a kind of endpoint, such as 'openai'; raises `BadInput`."""
    known = known_facts("cache")
    if endpoint not in known:
        raise BadInput(f"No cache is known for {endpoint!r}. There are: {', '.join(known)}.")
    return PrefixCache(known[endpoint]["block"], known[endpoint]["shortest"])


@dataclass(frozen=True)
class Bill:
    """What tokens come to at a list price, in US dollars, part by part.

    >>> Bill(Usage(1, 1_000_000, 400_000, 100_000), Price(2.0, 0.5, 8.0)).dollars
    2.2
    """

    usage: Usage
    price: Price

    def __post_init__(self) -> None:
        for name in ("calls", "input_tokens", "cached_tokens", "output_tokens"):
            check_count(name, getattr(self.usage, name))
        if self.usage.cached_tokens > self.usage.input_tokens:
            raise BadInput("There are more cached tokens than input tokens: they are a part.")

    @property
    def prefill(self) -> float:
        """For input tokens that were read anew."""
        fresh = self.usage.input_tokens - self.usage.cached_tokens
        return self.price.of(Usage(input_tokens=fresh))

    @property
    def cached(self) -> float:
        """For input tokens that the cache held."""
        held = self.usage.cached_tokens
        return self.price.of(Usage(input_tokens=held, cached_tokens=held))

    @property
    def decode(self) -> float:
        """For output tokens."""
        return self.price.of(Usage(output_tokens=self.usage.output_tokens))

    @property
    def dollars(self) -> float:
        """All of it."""
        return self.price.of(self.usage)

    @property
    def saved(self) -> float:
        """What the cache saved."""
        return self.price.of(Usage(input_tokens=self.usage.cached_tokens)) - self.cached


def bill_trace(trace: Trace, *, price: Callable[[str], Price] = price_of) -> dict[str, Bill]:
    """The bill of each model in a trace; a call that failed before it was counted costs nothing.

    Raises `BadInput` for an answered call without usage, and for a model without a price.
    """
    used: dict[str, Usage] = {}
    for span in trace.of("model"):
        if span.usage.calls == 0 and span.error is None:
            raise BadInput(
                f"Span {span.id} ({span.name}) has no usage, so the bill would be too low: ask the "
                "endpoint to count, for instance by stream_options={'include_usage': True}."
            )
        used[span.name] = used.get(span.name, Usage()) + span.usage
    return {name: Bill(usage, price(name)) for name, usage in used.items()}


def bill_context(
    context: Context, *, cache: PrefixCache | None = None, tools: Iterable[Tool] = ()
) -> list[Usage]:
    """The tokens of each call that a recorded context came from: one for each assistant message.

    What the context held before it was the prompt. Tokens are counted by `planlab.tokens`.
    """
    answered = [at for at, message in enumerate(context) if message.get("role") == "assistant"]
    exchanges = [(context[:at], context[at]) for at in answered]
    return bill_calls(exchanges, cache=cache, tools=tools)


def bill_calls(
    exchanges: Iterable[tuple[Context, Mapping[str, object]]],
    *,
    cache: PrefixCache | None = None,
    tools: Iterable[Tool] = (),
) -> list[Usage]:
    """The tokens of calls to one model, each a prompt with its answer, in order.

    The first tokens that any earlier prompt began with as well are cached, if there is a `cache`.
    """
    offered = [tool.schema for tool in tools]
    earlier: list[list[str]] = []
    usages = []
    for prompt, answer in exchanges:
        tokens = prompt_tokens(prompt, offered)
        shared = max((count_shared(tokens, other) for other in earlier), default=0)
        hit = cache.hit(shared) if cache else 0
        usages.append(Usage(1, len(tokens), hit, count_answer(answer)))
        earlier.append(tokens)
    return usages


def prompt_tokens(context: Context, offered: Sequence[object] = ()) -> list[str]:
    """A prompt's tokens in the order in which a model reads them: the tools first."""
    parts = [list(offered), *context] if offered else context
    return [token for part in parts for token in split_tokens(_text(part))]


def message_tokens(message: Mapping[str, object]) -> int:
    """The tokens of one message in a prompt.

    >>> message_tokens({"role": "user", "content": "Plan the work."})
    8
    """
    return count_tokens(_text(message))


def count_shared(one: Sequence[str], other: Sequence[str]) -> int:
    """The number of first tokens that both have.

    >>> count_shared(["Plan", " the", " work"], ["Plan", " the", " day"])
    2
    """
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def count_answer(message: Mapping[str, object]) -> int:
    """The tokens that a model wrote: its text, and the names and arguments of its calls."""
    calls = message.get("tool_calls")
    parts = [call["function"] for call in calls] if isinstance(calls, Sequence) else []
    written = [message.get("content"), *(part[key] for part in parts for key in part)]
    return sum(count_tokens(text) for text in written if isinstance(text, str))


def _text(part: object) -> str:
    return "\n".join(words_in(part))
