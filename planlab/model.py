"""One handle on a model, simulated or real.

`connect()` reads the environment: without `PLANLAB_MODEL` it is the simulated model, with it the
model of that name at `OPENAI_BASE_URL` (OpenAI where unset). Every call is a span with its tokens
and dollars, held to a budget before it is made; every failure is an error of `planlab.errors`.
"""

import json
import os
import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from json import JSONDecodeError
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast
from urllib.parse import urlsplit

import httpx2
import openai
from openai import AsyncOpenAI
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion
from pydantic import BaseModel, ValidationError

from planlab import errors
from planlab.cost import FREE, Budget, Price, Reservation, parse_price, price_of
from planlab.records import Reply, ToolCall, Usage
from planlab.tokens import count_tokens
from planlab.tools import Tool, in_words, strict_schema
from planlab.trace import Span, span

if TYPE_CHECKING:
    from planlab.simulated import Latency

Message = Mapping[str, object]
S = TypeVar("S", bound=BaseModel)

LONGEST_ANSWER = 4_096  # output tokens that a live call may take unless it says otherwise


def connect(
    size: Literal["large", "small"] = "large",
    *,
    simulated: bool = False,
    faults: str | None = None,
    latency: "float | Latency | None" = None,
    seed: int = 0,
) -> "Model":
    """A model, and one printed line that says which.

    `faults` such as "rate_limit@1, malformed_json@3" break the named calls of the simulated model;
    `latency` is its seconds a call, or a `planlab.simulated.Latency`. With `simulated`, or with
    `faults`, which can't be ordered from a real model, it is the simulated one whatever the
    environment says. Raises `BadInput` or `NotAllowed`.
    """
    if size not in ("large", "small"):
        raise errors.BadInput(f"size is {size!r}: choose 'large' or 'small'.")
    name = live_name(size)
    if simulated or name is None or faults is not None:
        model = _simulated(size, faults, latency, seed)
        print(
            f"Simulated model {model.name}: rules, not a neural network; no key, no network, "
            "made-up prices. Set PLANLAB_MODEL to use a real one."
        )
        return model
    model = _live(name)
    limit, spent = model.budget.dollars, model.budget.spent.dollars
    print(
        f"Real model {name} at {model.client.base_url.host}; "
        f"spend limit ${limit:.2f} (PLANLAB_BUDGET), ${spent:.4f} spent so far."
    )
    return model


def live_name(size: str = "large") -> str | None:
    """The real model that the environment names for this size, or None for the simulated one.

    `PLANLAB_SMALL_MODEL` alone changes nothing; where it is missing, `PLANLAB_MODEL` is both.
    """
    large = os.environ.get("PLANLAB_MODEL", "").strip() or None
    small = os.environ.get("PLANLAB_SMALL_MODEL", "").strip() or None
    return large if size == "large" or large is None else small or large


def simulated_only(why: str) -> bool:
    """Is the model simulated? If not, says that what follows is passed over, and why.

    >>> if simulated_only("the number of turns is the simulator's"):
    ...     assert 2 + 2 == 4
    """
    name = live_name()
    if name is not None:
        print(f"Passed over with {name}: {why}.")
    return name is None


@dataclass(frozen=True)
class Model:
    """A model behind an OpenAI client. `client` is the real thing, for whatever is not here."""

    client: AsyncOpenAI = field(repr=False)
    name: str
    price: Price
    budget: Budget = field(default_factory=Budget, repr=False)
    simulated: bool = True

    async def __aenter__(self) -> "Model":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.client.close()

    async def ask(
        self,
        messages: str | Sequence[Message],
        *,
        tools: Iterable[Tool] | None = None,
        **options: object,
    ) -> Reply:
        """One answer: text, or the tool calls that the model wants made.

        `options` are those of Chat Completions (`tool_choice`, `seed`, `timeout` in seconds …).
        Raises `ModelError`, `LearnerError` or `BudgetSpent`.
        """
        if options.get("n", 1) != 1:
            raise errors.BadInput("ask() gives one answer: for n answers use model.client.")
        schemas = [tool.schema for tool in tools or ()]
        if schemas:
            options["tools"] = schemas
        with self._call(messages, options) as (record, request, held):
            create = self.client.chat.completions.create
            completion: ChatCompletion = await create(**request)
            if not completion.choices:
                raise errors.MalformedAnswer(f"{self.name} sent an answer without choices.")
            choice = completion.choices[0]
            text, asked = choice.message.content or "", choice.message.tool_calls or []
            calls = tuple(
                ToolCall(c.id, c.function.name, c.function.arguments)
                for c in asked
                if c.type == "function"
            )
            usage = self._settle(record, held, request, completion.usage, f"{text}{calls or ''}")
            record.data["answer"] = text
            record.data["calls"] = [[call.name, call.arguments] for call in calls]
            _check_finish(self.name, choice.finish_reason, choice.message.refusal)
        return Reply(text, calls, usage)

    async def fill(
        self,
        messages: str | Sequence[Message],
        schema: type[S],
        *,
        attempts: int = 3,
        **options: object,
    ) -> S:
        """An instance of `schema`, filled in by the model (structured output).

        An answer that does not fit is sent back with what is wrong, `attempts` times in all; then
        `MalformedAnswer`. Raises `BadSchema` for what strict endpoints refuse.
        """
        if attempts < 1:
            raise errors.BadInput(f"attempts is {attempts}: at least one is needed.")
        options["response_format"] = _as_format(schema)
        context = _as_messages(messages)
        for _ in range(attempts):
            reply = await self.ask(context, tools=None, **options)
            try:
                return schema.model_validate_json(reply.text)
            except ValidationError as error:
                problem = in_words(error)
            nudge = f"That answer does not fit the schema: {problem}. Answer again, in valid JSON."
            context = [*context, reply.message, {"role": "user", "content": nudge}]
        raise errors.MalformedAnswer(
            f"{self.name} gave no valid {schema.__name__} in {attempts} attempts; last: {problem}."
        )

    async def stream(
        self,
        messages: str | Sequence[Message],
        *,
        schema: type[BaseModel] | None = None,
        **options: object,
    ) -> AsyncGenerator[str, None]:
        """The answer's text, piece by piece as it is written; with `schema` as JSON that fits it.

        Whether it does is for the reader to check. Raises like `ask`.
        """
        if schema is not None:
            options["response_format"] = _as_format(schema)
        options |= {"stream": True, "stream_options": {"include_usage": True}}
        with self._call(messages, options) as (record, request, held):
            chunks = await self.client.chat.completions.create(**request)
            pieces: list[str] = []
            finish = refusal = used = None
            try:
                async for chunk in chunks:
                    used = chunk.usage or used
                    for choice in chunk.choices:
                        finish = choice.finish_reason or finish
                        refusal = choice.delta.refusal or refusal
                        if choice.delta.content:
                            pieces.append(choice.delta.content)
                            yield choice.delta.content
            finally:  # what was written is paid for, even where nobody read to the end
                record.data["answer"] = "".join(pieces)
                self._settle(record, held, request, used, "".join(pieces))
            _check_finish(self.name, finish, refusal)

    @contextmanager
    def _call(
        self, messages: str | Sequence[Message], options: dict[str, object]
    ) -> Iterator[tuple[Span, dict[str, Any], Reservation]]:
        """One call: its span, its money held, its failures as errors of planlab."""
        request = {"model": self.name, "messages": _as_messages(messages), **options}
        if not self.simulated and not {"max_tokens", "max_completion_tokens"} & options.keys():
            request["max_completion_tokens"] = LONGEST_ANSWER
        longest = request.get("max_completion_tokens") or request.get("max_tokens")
        before = Usage(1, _count_input(request))
        # A real tokenizer may make more tokens of a text than we count, but never more than bytes.
        longest_input = before.input_tokens if self.simulated else _count_bytes(request)
        most = Usage(1, longest_input, 0, int(cast(int, longest or LONGEST_ANSWER)))
        with span("model", self.name, leaf=True) as record:
            record.data["messages"] = len(cast(Sequence[object], request["messages"]))
            held = self.budget.reserve(dollars=self.price.of(most), tokens=most.tokens, calls=1)
            try:
                yield record, request, held
            except openai.APIStatusError as error:
                held.release()
                raise _translate(error, self) from None
            except (openai.OpenAIError, httpx2.HTTPError, JSONDecodeError) as error:
                raise _translate(error, self) from None
            finally:
                # Nothing happens where it is settled; else the answer was lost, but perhaps paid.
                held.settle(dollars=self.price.of(before), tokens=before.tokens)

    def _settle(
        self,
        record: Span,
        held: Reservation,
        request: Mapping[str, object],
        used: CompletionUsage | None,
        answer: str,
    ) -> Usage:
        """The tokens that the endpoint counted, or our approximation where it sent none."""
        if used is None:
            usage = Usage(1, _count_input(request), 0, count_tokens(answer))
        else:
            details = used.prompt_tokens_details
            cached = (details.cached_tokens if details else None) or 0
            usage = Usage(1, used.prompt_tokens, cached, used.completion_tokens)
        usage = replace(usage, dollars=self.price.of(usage))
        record.usage = usage
        held.settle(dollars=usage.dollars, tokens=usage.tokens)
        return usage


def _simulated(
    size: str, faults: str | None, latency: "float | Latency | None", seed: int
) -> Model:
    from planlab.simulated import Simulator, simulated_client

    simulator = Simulator(faults=faults, latency=latency, seed=seed)
    name = f"sim-{size}"
    return Model(simulated_client(simulator), name, price_of(name))


def _live(name: str) -> Model:
    limit = os.environ.get("PLANLAB_BUDGET", "1.00")
    try:
        budget = _live_budget(float(limit))
    except ValueError:
        raise errors.BadInput(
            f"PLANLAB_BUDGET is {limit!r}: write US dollars as a number."
        ) from None
    local = _is_local(os.environ.get("OPENAI_BASE_URL", ""))
    key = os.environ.get("OPENAI_API_KEY") or ("unused" if local else None)
    if key is None:
        raise errors.NotAllowed(
            "PLANLAB_MODEL names a real model, and no key is set: set OPENAI_API_KEY, or unset "
            "PLANLAB_MODEL to use the simulated model."
        )
    given = os.environ.get("PLANLAB_PRICE")
    price = parse_price(given) if given else FREE if local else price_of(name)
    return Model(AsyncOpenAI(api_key=key), name, price, budget, simulated=False)


@cache
def _live_budget(dollars: float) -> Budget:
    """One for the whole process: connecting twice must not double what may be spent."""
    return Budget(dollars=dollars)


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def _as_messages(messages: str | Sequence[Message]) -> list[Message]:
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}] if messages.strip() else []
    if not messages:
        raise errors.BadInput("There are no messages: give the model something to answer.")
    return list(messages)


def _as_format(schema: type[BaseModel]) -> dict[str, object]:
    """The schema as a request for structured output."""
    name = re.sub(r"\W+", "_", schema.__name__)[:64]
    shape = {"name": name, "strict": True, "schema": strict_schema(schema)}
    return {"type": "json_schema", "json_schema": shape}


def _count_input(request: Mapping[str, object]) -> int:
    """Approximate input tokens: messages, tool schemas and the response's schema."""
    return sum(map(count_tokens, _input_texts(request)))


def _count_bytes(request: Mapping[str, object]) -> int:
    """More tokens than any tokenizer makes of the input: each holds a byte at least."""
    return sum(len(text.encode()) for text in _input_texts(request))


def _input_texts(request: Mapping[str, object]) -> list[str]:
    parts = [request.get(name) for name in ("messages", "tools", "response_format")]
    return [json.dumps(part, default=str) for part in parts if part]


def _check_finish(name: str, finish: str | None, refusal: str | None) -> None:
    if refusal or finish == "content_filter":
        raise errors.RefusedAnswer(f"{name} declined to answer: {refusal or 'content filter'}")
    if finish == "length":
        raise errors.TruncatedAnswer(
            f"The answer of {name} was cut off by its length limit: raise max_completion_tokens, "
            "or ask for less."
        )
    if finish is None:
        raise errors.BrokenStream(f"The answer of {name} broke off before it was finished.")


def _translate(error: Exception, model: Model) -> errors.PlanlabError:
    """The same failure, as an error that says who must act."""
    said = getattr(error, "message", "") or str(error)
    name, host = model.name, model.client.base_url.host
    match error:
        case openai.APITimeoutError() | httpx2.TimeoutException():
            return errors.NoReply(f"{name} did not answer in time: ask again, or allow more time.")
        case openai.APIConnectionError():
            return errors.NoReply(f"No connection to {host}: is the server running? ({said})")
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return errors.NotAllowed(f"{host} does not accept the key: check OPENAI_API_KEY.")
        case openai.NotFoundError():
            return errors.UnknownModel(f"{host} has no model {name!r}: {said}")
        case openai.RateLimitError() | openai.InternalServerError():
            return errors.ServerFailed(f"{host} failed after every retry: {said}")
        case openai.APIStatusError() if "schema" in said.lower():
            return errors.BadSchema(f"{host} refuses the schema: {said}")
        case openai.APIStatusError():
            return errors.BadInput(f"{host} refuses the request: {said}")
        case httpx2.HTTPError() | JSONDecodeError() | openai.APIError():
            return errors.BrokenStream(f"The answer of {name} broke off: {said}")
        case _:
            return errors.ServerFailed(f"{name} could not be asked: {said}")
