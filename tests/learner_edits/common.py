"""What the edits, and their assertions, are made of."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel

from planlab.model import Model
from planlab.patterns.react import run_react
from planlab.records import Reply, Result, Stop
from planlab.toolbox import Toolbox
from planlab.tools import Risk, Tool, tool

Schema = TypeVar("Schema", bound=BaseModel)
Message = dict[str, object]

PRICES = {"Globex": 49.0, "Initech": 35.5, "Umbrella": 80.0}
FACTS = "Globex charges $49 a month. Initech charges $35.50 a month. Umbrella charges $80 a month."
RESEARCH = (
    "Research the three competitors of Acme Corp, which are Globex, Initech and Umbrella, "
    "compare their pricing and write a summary report."
)


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def system(text: str) -> Message:
    return {"role": "system", "content": text}


async def ask(model: Model, text: str, **options: object) -> str:
    return (await model.ask([user(text)], **options)).text.strip()


async def fill(model: Model, text: str, schema: type[Schema]) -> Schema:
    return await model.fill([user(text)], schema)


async def react(model: Model, goal: str, *tools: Tool) -> Result:
    return await run_react(goal, model=model, tools=Toolbox(tools), max_turns=8)


async def converse(model: Model, messages: list[Message], tools: Toolbox) -> Reply:
    """Let the model call tools until it answers in words; `messages` grows."""
    for _ in range(8):
        reply = await model.ask(messages, tools=tools)
        messages.append(reply.message)
        if not reply.calls:
            return reply
        for call in reply.calls:
            seen = await tools.call(call.name, json.loads(call.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": seen.text})
    raise AssertionError("no answer in 8 turns")


def web_search(name: str = "web_search", prices: dict[str, float] = PRICES) -> Tool:
    @tool(risk=Risk.LOW)
    async def search(query: str) -> list[dict[str, str]]:
        """Search the web. Returns pages with a title and a text."""
        named = [company for company in prices if company.casefold() in query.casefold()]
        hits = named or (list(prices) if query.strip() else [])
        return [{"title": c, "text": f"{c} charges ${prices[c]:.2f} a month."} for c in hits]

    return replace(search, name=name)


@tool(risk=Risk.LOW)
async def calculate(expression: str) -> float:
    """Work out an arithmetic expression such as 3 * (4 + 5)."""
    if not re.fullmatch(r"[\d\s.+*/()-]+", expression):
        raise ValueError(f"not arithmetic: {expression!r}")
    return float(eval(expression))


@tool(risk=Risk.LOW)
async def read_file(path: str) -> str:
    """Read a file of the company's folder, such as price_list.txt, where all prices are."""
    if path.rpartition("/")[2] != "price_list.txt":
        raise FileNotFoundError(f"{path}: there is only price_list.txt")
    return FACTS


def write_file(files: dict[str, str]) -> Tool:
    @tool(risk=Risk.MEDIUM)
    async def write_file(path: str, content: str) -> str:
        """Write a text file."""
        files[path] = content
        return f"wrote {len(content)} characters to {path}"

    return write_file


def idle_tools() -> list[Tool]:
    """Tools that none of the goals here needs."""

    @tool(risk=Risk.LOW)
    async def water_plants(room: str) -> str:
        """Water the plants in a room of the office."""
        return "watered"

    @tool(risk=Risk.LOW)
    async def play_music(song: str, loud: bool) -> str:
        """Play a song in the kitchen."""
        return "playing"

    @tool(risk=Risk.LOW)
    async def translate_poem(poem: str, language: str) -> str:
        """Translate a poem."""
        return "translated"

    @tool(risk=Risk.HIGH)
    async def ring_alarm(building: str) -> str:
        """Ring the fire alarm of a building."""
        return "ringing"

    return [water_plants, play_music, translate_poem, ring_alarm]


# What the assertions are made of


def called(result: Result) -> list[str]:
    return [s.name for s in result.trace.spans if s.kind == "tool"]


def given(result: Result, name: str) -> list[dict[str, object]]:
    """The arguments of each valid call of the tool `name`."""
    spans = [s for s in result.trace.spans if s.kind == "tool" and s.name == name]
    return [dict(s.data["arguments"]) for s in spans if "arguments" in s.data]


def story(result: Result) -> str:
    """What was called with what, what came back, and the answer: for whoever reads a failure."""
    spans = [s for s in result.trace.spans if s.kind == "tool"]
    calls = [f"{s.name} {s.data.get('arguments')} -> {s.data['observation']!s:.120}" for s in spans]
    return "\n".join([*calls, f"{result.stop}: {result.answer}"])


def first_given(result: Result, name: str) -> dict[str, object]:
    arguments = given(result, name)
    assert arguments, f"no valid call of {name}: {story(result)}"
    return arguments[0]


def no_call_failed(result: Result) -> bool:
    return all(s.error is None for s in result.trace.spans if s.kind == "tool")


def answer_of(result: Result) -> str:
    assert result.stop is Stop.ANSWERED, story(result)
    assert result.answer
    return result.answer


def numbers(text: str) -> list[float]:
    found = re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)
    return [float(number.replace(",", "")) for number in found]


def names_prices(text: str, prices: dict[str, float] = PRICES) -> bool:
    return all(c in text and price in numbers(text) for c, price in prices.items())


def names_money(text: str) -> bool:
    return re.search(r"[$€]\s?\d|\d\s?(dollars|USD|EUR)", text) is not None


def admits(text: str) -> bool:
    """Does the text say that something was not possible, or not found?"""
    words = (
        r"can(no|')t|cannot|unable|could(n't| not)|not able|(don't|do not|did not|didn't) "
        r"|no (tool|way|page|result|data|price|information|match|answer)|nothing|fail|error"
        r"|not (found|available|possible|known|reach)|unavailable|offline|missing|unknown|lack"
    )
    return re.search(words, text, re.IGNORECASE) is not None


def stays_off_topic(text: str, *foreign: str) -> bool:
    """No word of another goal has crept in."""
    foreign = foreign or ("acme", "competitor", "pricing", "ticket", "web_search")
    return not any(word in text.casefold() for word in foreign)


def are_steps(texts: Iterable[str], least: int = 3, shortest: int = 8) -> bool:
    """Enough of them, each with words of its own, of so many characters at least."""
    lines = [text.strip().casefold() for text in texts]
    return (
        len(lines) >= least
        and len(set(lines)) == len(lines)
        and all(len(t) >= shortest for t in lines)
    )


def is_ordered(needs: dict[object, list]) -> bool:
    """Each step needs only steps that come before it; something needs something."""
    order = list(needs)
    backwards = all(n in order[: order.index(i)] for i, ns in needs.items() for n in ns)
    return backwards and any(needs.values())
