"""What learners change when they play with a lesson, and what a person would then expect.

Each `edit_*` is one change to a prompt, a tool or a schema. Its docstring is the change; its
assertions say what any sensible model would do, in whatever words. `small_edit_*` are run on the
small model. Everything here uses the public interface alone, and knows nothing of the simulator.
"""

import datetime
import json
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, Field

from planlab.model import Model
from planlab.patterns.react import run_react
from planlab.records import Plan, Reply, Result, Stop
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


# What the edits are made of


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def system(text: str) -> Message:
    return {"role": "system", "content": text}


async def ask(model: Model, text: str, **options: object) -> str:
    return (await model.ask([user(text)], **options)).text.strip()


async def fill(model: Model, text: str, schema: type[Schema]) -> Schema:
    return await model.fill([user(text)], schema)


async def react(model: Model, goal: str, *tools: Tool) -> Result:
    return await run_react(goal, model=model, tools=Toolbox(tools), max_turns=12)


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


def no_call_failed(result: Result) -> bool:
    return all(s.error is None for s in result.trace.spans if s.kind == "tool")


def answer_of(result: Result) -> str:
    assert result.stop is Stop.ANSWERED, (result.stop, called(result), result.answer)
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


def are_steps(texts: Iterable[str], least: int = 3) -> bool:
    """Enough of them, each with words of its own."""
    lines = [text.strip().casefold() for text in texts]
    return len(lines) >= least and len(set(lines)) == len(lines) and all(len(t) > 7 for t in lines)


def is_ordered(needs: dict[object, list]) -> bool:
    """Each step needs only steps that come before it; something needs something."""
    order = list(needs)
    backwards = all(n in order[: order.index(i)] for i, ns in needs.items() for n in ns)
    return backwards and any(needs.values())


# Tools: renamed, reshaped, added, missing, forbidden


async def edit_search_is_called_look_up_things(model: Model) -> None:
    """web_search is renamed to look_up_things."""
    result = await react(model, RESEARCH, web_search("look_up_things"))
    assert set(called(result)) == {"look_up_things"}
    assert names_prices(answer_of(result)), result.answer


async def edit_search_in_camel_case(model: Model) -> None:
    """The search tool is findPages(searchText, maxResults)."""

    @tool(risk=Risk.LOW)
    async def findPages(searchText: str, maxResults: Annotated[int, Field(ge=1, le=10)]) -> str:
        """Find web pages; returns at most maxResults of them."""
        return FACTS

    result = await react(model, "What does Initech charge, and what Umbrella?", findPages)
    asked = given(result, "findPages")
    assert no_call_failed(result)
    assert any("Initech" in str(arguments["searchText"]) for arguments in asked), asked
    assert {35.5, 80.0} <= set(numbers(answer_of(result))), result.answer


async def edit_tool_with_a_one_letter_name(model: Model) -> None:
    """Only the docstring tells what the tool is for."""

    @tool(risk=Risk.LOW)
    async def q(x: Annotated[str, Field(description="What to search the web for.")]) -> str:
        """Search the web."""
        return "Globex charges $49 a month."

    result = await react(model, "Find out what Globex charges.", q, *idle_tools())
    assert set(called(result)) == {"q"}
    assert "Globex" in str(given(result, "q")[0]["x"])
    assert 49 in numbers(answer_of(result)), result.answer


async def edit_search_by_company_and_currency(model: Model) -> None:
    """The search tool takes a company and one of three currencies, not a query."""
    asked: list[tuple[str, str]] = []

    @tool(risk=Risk.LOW)
    async def get_price(company: str, currency: Literal["USD", "EUR", "CHF"]) -> str:
        """The monthly price of one company's product in a currency."""
        asked.append((company, currency))
        return f"{company}: {PRICES[company]:.2f} {currency} a month"

    goal = "Compare the prices of Globex, Initech and Umbrella in EUR."
    result = await react(model, goal, get_price)
    assert set(asked) == {(company, "EUR") for company in PRICES}, asked
    assert names_prices(answer_of(result)), result.answer


async def edit_many_useless_tools(model: Model) -> None:
    """Four tools that have nothing to do with the goal are put before the one that has."""
    result = await react(model, "What is 17 * 23?", *idle_tools(), calculate)
    assert set(called(result)) <= {"calculate"}, called(result)
    assert 391 in numbers(answer_of(result)), result.answer


async def edit_the_needed_tool_is_missing(model: Model) -> None:
    """No tool can find a price: the model must not make one up."""
    goal = "What does Globex charge a month? Use only what a tool told you."
    answer = answer_of(await react(model, goal, calculate, *idle_tools()))
    assert not names_money(answer), answer
    assert admits(answer), answer


async def edit_do_not_use_web_search(model: Model) -> None:
    """The goal forbids one of the two tools that could do it."""
    goal = "Find the price of Globex. Do not use web_search; everything is in price_list.txt."
    result = await react(model, goal, web_search(), read_file)
    assert called(result)
    assert set(called(result)) == {"read_file"}
    assert 49 in numbers(answer_of(result)), result.answer


async def edit_system_prompt_forbids_a_tool(model: Model) -> None:
    """The ban stands in the system prompt, in other words."""
    rule = system("You are a careful agent. You must never call web_search, it is too expensive.")
    goal = user("What does Umbrella charge? The file price_list.txt may help.")
    messages, tools = [rule, goal], Toolbox([web_search(), read_file])
    reply = await converse(model, messages, tools)
    assert "web_search" not in json.dumps([m.get("tool_calls") for m in messages])
    assert 80 in numbers(reply.text), reply.text


async def edit_never_send_mail(model: Model) -> None:
    """Drafts are fine, mail must not be sent."""

    @tool(risk=Risk.HIGH)
    async def send_email(to: str, subject: str, body: str) -> str:
        """Send a mail."""
        return "sent"

    @tool(risk=Risk.MEDIUM)
    async def create_draft_email(to: str, subject: str, body: str) -> str:
        """Save a draft of a mail."""
        return "draft saved"

    goal = "Tell sales@globex.example that we meet on Monday. Never send mail: only make a draft."
    result = await react(model, goal, send_email, create_draft_email)
    draft = given(result, "create_draft_email")[-1]
    assert "send_email" not in called(result)
    assert draft["to"] == "sales@globex.example"
    assert "Monday" in str(draft["body"]), draft
    answer_of(result)


async def edit_write_file_is_called_save_note(model: Model) -> None:
    """write_file(path, content) becomes save_note(filename, text)."""
    notes: dict[str, str] = {}

    @tool(risk=Risk.MEDIUM)
    async def save_note(filename: str, text: str) -> str:
        """Save a note."""
        notes[filename] = text
        return "saved"

    result = await react(model, f"{RESEARCH} Save it as rivals.md.", web_search("find"), save_note)
    answer_of(result)
    assert list(notes) == ["rivals.md"], notes
    assert names_prices(notes["rivals.md"]), notes


async def edit_tool_with_a_list_parameter(model: Model) -> None:
    """All companies are asked for in one call."""
    asked: list[str] = []

    @tool(risk=Risk.LOW)
    async def prices_of(companies: list[str]) -> list[str]:
        """The monthly prices of several companies at once."""
        asked.extend(companies)
        return [f"{c}: ${PRICES.get(c, 0):.2f}" for c in companies]

    result = await react(model, "List the prices of Globex, Initech and Umbrella.", prices_of)
    assert set(asked) == set(PRICES), asked
    assert names_prices(answer_of(result)), result.answer


async def edit_tool_with_a_nested_parameter(model: Model) -> None:
    """The tool takes a Pydantic model."""

    class Order(BaseModel):
        item: str
        quantity: int
        city: str

    orders: list[Order] = []

    @tool(risk=Risk.MEDIUM)
    async def place_order(order: Order) -> str:
        """Order office supplies."""
        orders.append(order)
        return "ordered"

    answer_of(await react(model, "Order 3 boxes of blue pens to Lyon.", place_order))
    assert len(orders) == 1, orders
    assert "pens" in orders[0].item
    assert (orders[0].quantity, orders[0].city) == (3, "Lyon")


async def edit_tool_with_enum_and_flag(model: Model) -> None:
    """The goal's words decide an enum and a boolean."""
    made: list[tuple[str, str, bool]] = []

    @tool(risk=Risk.MEDIUM)
    async def open_ticket(
        title: str, priority: Literal["low", "normal", "urgent"], notify: bool
    ) -> str:
        """Open a support ticket; notify: tell the team by mail."""
        made.append((title, priority, notify))
        return "ticket 71 opened"

    goal = "Open an urgent ticket titled 'Login is broken'. Do not notify the team."
    result = await react(model, goal, open_ticket)
    assert made == [("Login is broken", "urgent", False)]
    assert "71" in answer_of(result), result.answer


async def edit_another_table_and_query_tool(model: Model) -> None:
    """analyze_data(sql) is now run_query(statement), on a table with other names."""
    base = sqlite3.connect(":memory:", check_same_thread=False)
    base.execute("CREATE TABLE complaints(no, calendar_week, topic)")
    topics = ["noise", "noise", "parking", "noise", "lift"]
    base.executemany(
        "INSERT INTO complaints VALUES (?, '2024-W50', ?)", list(enumerate(topics, start=1))
    )
    base.execute("INSERT INTO complaints VALUES (9, '2024-W49', 'lift')")

    @tool(risk=Risk.LOW)
    async def run_query(statement: str) -> list[list[object]]:
        """Run a SQL SELECT on SQLite. Tables: complaints(no, calendar_week, topic)."""
        return [list(row) for row in base.execute(statement)]

    goal = "How many complaints of each topic were there in calendar week 2024-W50?"
    try:
        result = await react(model, goal, run_query)
        answer = answer_of(result)
    finally:
        base.close()
    statements = [str(arguments["statement"]) for arguments in given(result, "run_query")]
    assert any("2024-W50" in s and "complaints" in s for s in statements), statements
    for topic, count in (("noise", 3), ("parking", 1), ("lift", 1)):
        pattern = rf"{topic}\W{{1,6}}{count}\b|\b{count}\W{{1,4}}(\w+ ){{0,3}}{topic}"
        assert re.search(pattern, answer), answer


# Tools that misbehave


async def edit_tool_that_always_raises(model: Model) -> None:
    """Search is broken for good: stop trying, say so, invent nothing."""

    @tool(risk=Risk.LOW)
    async def web_search(query: str) -> str:
        """Search the web."""
        raise RuntimeError("the index is offline")

    result = await react(model, "What does Globex charge?", web_search)
    answer = answer_of(result)
    assert 1 <= len(called(result)) <= 6
    assert not names_money(answer), answer
    assert admits(answer), answer


async def edit_one_tool_raises_and_another_knows(model: Model) -> None:
    """Search is broken, but the price is also in a file."""

    @tool(risk=Risk.LOW)
    async def web_search(query: str) -> str:
        """Search the web."""
        raise RuntimeError("the index is offline")

    goal = "Find the price of Initech: search the web, or else read price_list.txt."
    result = await react(model, goal, web_search, read_file)
    assert {"web_search", "read_file"} == set(called(result))
    assert 35.5 in numbers(answer_of(result)), result.answer


async def edit_tool_returns_nothing(model: Model) -> None:
    """Search finds nothing: the answer must say so."""

    @tool(risk=Risk.LOW)
    async def web_search(query: str) -> list[str]:
        """Search the web."""
        return []

    result = await react(model, "What does Globex charge a month?", web_search)
    answer = answer_of(result)
    assert len(called(result)) in range(1, 7)
    assert not names_money(answer), answer
    assert admits(answer), answer


async def edit_tool_returns_far_too_much(model: Model) -> None:
    """The one useful line stands in the middle of 10,000 characters."""
    noise = "\n".join(f"Visitor {n} liked the new office garden." for n in range(120))

    @tool(risk=Risk.LOW)
    async def web_search(query: str) -> str:
        """Search the web."""
        return f"{noise}\nGlobex charges $49 a month.\n{noise}"

    result = await react(model, "What does Globex charge a month?", web_search)
    answer = answer_of(result)
    assert 49 in numbers(answer), answer
    assert len(answer) < 1000


# Wording of goals


async def edit_very_polite(model: Model) -> None:
    """The goal is wrapped in courtesies."""
    goal = (
        "Hello! I hope you are having a lovely day. Could you please be so kind and find out for "
        "me what Globex charges a month? Thank you so much in advance!"
    )
    result = await react(model, goal, web_search())
    assert "Globex" in str(given(result, "web_search")[0]["query"])
    assert "lovely" not in str(given(result, "web_search")[0]["query"])
    assert 49 in numbers(answer_of(result)), result.answer


async def edit_terse_lower_case(model: Model) -> None:
    """Two words and a question mark."""
    result = await react(model, "initech price?", web_search())
    assert "initech" in str(given(result, "web_search")[0]["query"]).casefold()
    assert 35.5 in numbers(answer_of(result)), result.answer


async def edit_upper_case(model: Model) -> None:
    """Everything is shouted."""
    result = await react(model, "FIND OUT WHAT GLOBEX AND UMBRELLA CHARGE A MONTH!", web_search())
    assert {49.0, 80.0} <= set(numbers(answer_of(result))), result.answer


async def edit_spelling_mistakes(model: Model) -> None:
    """The verbs are misspelt."""
    goal = "Reserch the compettitors Globex and Initech and compair there prises."
    result = await react(model, goal, web_search("look_up"), *idle_tools())
    assert set(called(result)) == {"look_up"}
    assert {49.0, 35.5} <= set(numbers(answer_of(result))), result.answer


async def edit_numbered_list(model: Model) -> None:
    """The goal is a numbered list of three things to do."""
    files: dict[str, str] = {}
    goal = (
        "Please do this:\n1. Search the monthly price of Globex.\n"
        "2. Calculate what 12 months cost.\n3. Write the result to globex.txt."
    )
    result = await react(model, goal, write_file(files), calculate, web_search())
    answer_of(result)
    order = [name for name, after in pairwise([*called(result), ""]) if name != after]
    assert order == ["web_search", "calculate", "write_file"]
    assert list(files) == ["globex.txt"]
    assert 588 in numbers(files["globex.txt"]), files


async def edit_goal_in_the_middle(model: Model) -> None:
    """The task stands in the middle of a long newsletter."""
    chat = "The canteen has a new menu, and the garden will be open until eight. " * 12
    text = f"{chat}\n\nTask: find out what Initech charges a month.\n\n{chat}"
    result = await react(model, text, web_search())
    query = str(given(result, "web_search")[0]["query"])
    assert "Initech" in query
    assert "canteen" not in query
    assert 35.5 in numbers(answer_of(result)), result.answer


async def edit_names_with_punctuation(model: Model) -> None:
    """The companies have apostrophes, umlauts and ampersands."""
    prices = {"O'Neil & Sons, Inc.": 12.0, "Zürcher-Kälte AG": 77.0, "Wow! Media": 31.5}
    goal = f"Compare the prices of {', '.join(prices)}."
    result = await react(model, goal, web_search(prices=prices))
    answer = answer_of(result)
    assert names_prices(answer, prices), answer


async def edit_developer_role(model: Model) -> None:
    """The instructions come with the role 'developer'."""
    rule = {"role": "developer", "content": "You research prices. Answer with the number only."}
    messages = [rule, user("What does Umbrella charge?")]
    reply = await converse(model, messages, Toolbox([web_search()]))
    assert len(messages) > 3, "it answered before it searched"
    assert reply.text.strip(" $.") in ("80", "80.0", "80.00"), reply.text


async def edit_content_as_parts(model: Model) -> None:
    """The user's message is a list of parts."""
    parts = [
        {"type": "text", "text": FACTS},
        {"type": "text", "text": "What does Initech charge? Answer with the number only."},
    ]
    reply = await model.ask([{"role": "user", "content": parts}])
    assert numbers(reply.text) == [35.5], reply.text


async def edit_follow_up_question(model: Model) -> None:
    """A second question in the same conversation stands on the first."""
    tools = Toolbox([web_search()])
    messages = [user("What does Globex charge?")]
    first = await converse(model, messages, tools)
    assert 49 in numbers(first.text), first.text
    before = len(messages)
    messages.append(user("And Initech?"))
    second = await converse(model, messages, tools)
    assert "Initech" in json.dumps([m.get("tool_calls") for m in messages[before:]])
    assert 35.5 in numbers(second.text), second.text


async def edit_follow_up_on_what_is_known(model: Model) -> None:
    """The second question can be answered from what was already found."""
    tools = Toolbox([web_search()])
    messages = [user("What do Globex and Initech charge?")]
    await converse(model, messages, tools)
    before = len(messages)
    messages.append(user("Which of the two is cheaper? Only the name, please."))
    reply = await converse(model, messages, tools)
    assert reply.text.strip(" .") == "Initech", reply.text
    assert len(messages) == before + 2, "it searched again"


# Other topics


def flights(asked: list[tuple[str, str, datetime.date]]) -> Tool:
    @tool(risk=Risk.LOW)
    async def find_flights(origin: str, destination: str, day: datetime.date) -> list[str]:
        """Flights of one day, with number and price."""
        asked.append((origin, destination, day))
        return ["LX 2084 at $190", "TP 929 at $142", "U2 1501 at $155"]

    return find_flights


async def edit_travel_with_an_english_date(model: Model) -> None:
    """Flights instead of competitors; the date is '3 December 2024'."""
    asked: list[tuple[str, str, datetime.date]] = []
    goal = "Find the cheapest flight from Zurich to Lisbon on 3 December 2024."
    answer = answer_of(await react(model, goal, flights(asked), *idle_tools()))
    assert set(asked) == {("Zurich", "Lisbon", datetime.date(2024, 12, 3))}
    assert "TP 929" in answer or "142" in answer, answer
    assert "LX 2084" not in answer or "cheapest" in answer, answer


async def edit_travel_with_a_dotted_date(model: Model) -> None:
    """The date is written 03.12.2024."""
    asked: list[tuple[str, str, datetime.date]] = []
    goal = "I need a flight from Oslo to Rome on 03.12.2024, which ones are there?"
    answer = answer_of(await react(model, goal, flights(asked)))
    assert set(asked) == {("Oslo", "Rome", datetime.date(2024, 12, 3))}
    assert {190.0, 142.0, 155.0} <= set(numbers(answer)), answer


async def edit_travel_with_a_german_date(model: Model) -> None:
    """The date is written 5. März 2025."""
    asked: list[tuple[str, str, datetime.date]] = []
    answer_of(await react(model, "Flights from Bern to Graz on 5. März 2025?", flights(asked)))
    assert set(asked) == {("Bern", "Graz", datetime.date(2025, 3, 5))}


async def edit_weather(model: Model) -> None:
    """Two cities, one unit, and the answer must be one word."""
    asked: list[tuple[str, str]] = []

    @tool(risk=Risk.LOW)
    async def get_weather(city: str, unit: Literal["fahrenheit", "celsius"]) -> str:
        """The temperature in a city right now."""
        asked.append((city, unit))
        return {"Oslo": "-4 degrees", "Cairo": "31 degrees"}[city]

    goal = "Is it warmer in Oslo or in Cairo? Ask in celsius. Answer with the city's name only."
    answer = answer_of(await react(model, goal, get_weather))
    assert set(asked) == {("Oslo", "celsius"), ("Cairo", "celsius")}
    assert answer.strip(" .") == "Cairo", answer


async def edit_word_problem(model: Model) -> None:
    """A word problem, with a calculator at hand."""
    goal = "A crate holds 24 bottles. How many bottles are in 7 crates?"
    result = await react(model, goal, calculate)
    assert set(called(result)) == {"calculate"}
    assert 168 in numbers(answer_of(result)), result.answer


async def edit_cooking_plan(model: Model) -> None:
    """A plan for the kitchen, without tools, as a list of strings."""

    class Menu(BaseModel):
        steps: list[str]

    text = "Plan a dinner for four: cook a tomato soup and bake bread."
    menu = await fill(model, text, Menu)
    everything = " ".join(menu.steps).casefold()
    assert are_steps(menu.steps), menu
    assert "soup" in everything, menu
    assert "bread" in everything, menu
    assert stays_off_topic(everything), menu


async def edit_study_plan(model: Model) -> None:
    """A study plan of three days, with hours that have a bound."""

    class Day(BaseModel):
        day: int
        topic: str
        hours: Annotated[float, Field(gt=0, le=8)]

    class StudyPlan(BaseModel):
        days: list[Day]

    plan = await fill(model, "Make a study plan of 3 days for the linear algebra exam.", StudyPlan)
    assert [day.day for day in plan.days] == [1, 2, 3]
    topics = [day.topic for day in plan.days]
    assert are_steps(topics), topics
    assert "algebra" in " ".join(topics).casefold() or "exam" in " ".join(topics).casefold()
    assert stays_off_topic(" ".join(topics)), topics


async def edit_refactoring_as_text(model: Model) -> None:
    """The lesson's refactoring task, asked for as a numbered list in plain text."""
    prompt = (
        "Write a plan, as a numbered list, one step a line and nothing else: "
        "refactor the authentication module to use JWT."
    )
    lines = (await ask(model, prompt)).splitlines()
    steps = [line for line in lines if line.strip()]
    assert are_steps(steps), steps
    assert all(re.match(rf"\s*{n}[.)] ", step) for n, step in enumerate(steps, start=1)), steps
    assert "jwt" in " ".join(steps).casefold(), steps
    assert stays_off_topic(" ".join(steps)), steps


# Schemas of plans


async def edit_plan_as_todo_list(model: Model) -> None:
    """steps, id, depends_on are called todo, key, blocked_by."""

    class Todo(BaseModel):
        key: str
        title: str
        blocked_by: list[str]

    class TodoList(BaseModel):
        todo: list[Todo]

    todo = (await fill(model, f"Make a to-do list. {RESEARCH}", TodoList)).todo
    titles = [item.title for item in todo]
    assert are_steps(titles), titles
    assert is_ordered({item.key: item.blocked_by for item in todo}), todo
    assert all(company in " ".join(titles) for company in PRICES), titles


async def edit_plan_with_integer_ids(model: Model) -> None:
    """Ids are whole numbers, and the list is called actions."""

    class Action(BaseModel):
        number: int
        what: str
        after: Annotated[list[int], Field(description="Numbers of actions that must end first.")]

    class Actions(BaseModel):
        actions: list[Action]

    actions = (await fill(model, f"Plan this: {RESEARCH}", Actions)).actions
    assert are_steps(action.what for action in actions), actions
    assert len({action.number for action in actions}) == len(actions)
    assert is_ordered({action.number: action.after for action in actions}), actions


async def edit_plan_with_rationale_and_tool(model: Model) -> None:
    """Each task names one of three tools, gives a rationale, and the plan a confidence."""

    class Task(BaseModel):
        name: str
        tool: Literal["look_up_things", "calculate", "save_note"]
        rationale: str

    class Tasks(BaseModel):
        tasks: list[Task]
        confidence: Annotated[float, Field(ge=0, le=1)]

    text = (
        "Tools: look_up_things searches the web, calculate does arithmetic, save_note writes a "
        f"file.\nPlan this task: {RESEARCH} Save the report as report.md."
    )
    plan = await fill(model, text, Tasks)
    used = [task.tool for task in plan.tasks]
    assert used[0] == "look_up_things"
    assert used[-1] == "save_note"
    assert all(len(t.rationale.split()) > 2 and t.rationale != t.name for t in plan.tasks), plan
    assert 0 < plan.confidence <= 1


async def edit_nested_plan(model: Model) -> None:
    """A plan of phases, each with actions of its own."""

    class Phase(BaseModel):
        phase: str
        actions: list[str]

    class Project(BaseModel):
        phases: list[Phase]

    project = await fill(model, "Plan in phases: move our office from Basel to Bern.", Project)
    actions = [action for phase in project.phases for action in phase.actions]
    assert are_steps((phase.phase for phase in project.phases), least=2), project
    assert all(phase.actions for phase in project.phases), project
    assert are_steps(actions), actions
    assert "office" in str(project) or "Bern" in str(project), project
    assert stays_off_topic(str(project)), project


async def edit_at_most_two_steps(model: Model) -> None:
    """The prompt sets an upper limit."""

    class Steps(BaseModel):
        steps: list[str]

    steps = (await fill(model, f"Plan this in at most 2 steps. {RESEARCH}", Steps)).steps
    assert are_steps(steps, least=1), steps
    assert len(steps) <= 2, steps


async def edit_exactly_five_steps(model: Model) -> None:
    """The prompt sets the number, as a word."""

    class Steps(BaseModel):
        steps: list[str]

    text = "Make a plan with exactly five steps for organising a book fair in our school."
    steps = (await fill(model, text, Steps)).steps
    assert len(steps) == 5, steps
    assert are_steps(steps), steps
    assert "fair" in " ".join(steps).casefold(), steps
    assert stays_off_topic(" ".join(steps)), steps


async def edit_course_plan_with_other_tools(model: Model) -> None:
    """The course's own Plan, for tools that the course does not have."""
    tools = Toolbox([web_search("crawl_site"), calculate])
    described = "\n".join(f"- {t.name}: {t.description}" for t in tools)
    goal = "Find the prices of Globex and Initech and work out the difference."
    plan = await fill(model, f"Tools:\n{described}\n\nMake a plan. Goal: {goal}", Plan)
    used = [step.tool for step in plan.steps if step.how == "tool"]
    assert set(used) == {"crawl_site", "calculate"}, used
    assert used.index("crawl_site") < used.index("calculate")
    assert is_ordered({step.id: list(step.needs) for step in plan.steps}), plan
    for step in plan.steps:
        if step.tool is not None:
            assert {a.name for a in step.arguments} == set(tools[step.tool].parameters.model_fields)


async def edit_planner_told_what_failed(model: Model) -> None:
    """The planner hears that a tool is down and must plan around it."""

    class Step(BaseModel):
        description: str
        tool: Literal["web_search", "read_file", "write_file"]

    class NewPlan(BaseModel):
        steps: list[Step]

    text = (
        "Goal: write a report on the prices of Globex and Initech to report.md.\n"
        "Tools: web_search, read_file (price_list.txt has all prices), write_file.\n"
        "Step s1 with web_search failed: the service is down until tomorrow. "
        "Make a new plan that works without web_search."
    )
    used = [step.tool for step in (await fill(model, text, NewPlan)).steps]
    assert "web_search" not in used
    assert "read_file" in used
    assert used[-1] == "write_file"


async def edit_goal_analysis(model: Model) -> None:
    """Outputs, budget and forbidden tools are read out of the goal."""

    class Analysis(BaseModel):
        outputs: Annotated[list[str], Field(description="Files that must exist at the end.")]
        budget_usd: float | None
        forbidden_tools: list[str]

    text = "Write report.md about Globex. Spend at most $2.50. Do not use send_email."
    analysis = await fill(model, text, Analysis)
    assert any("report.md" in output for output in analysis.outputs), analysis
    assert analysis.budget_usd == 2.5
    assert analysis.forbidden_tools == ["send_email"]


# Reading texts


async def edit_json_only_in_the_prompt(model: Model) -> None:
    """No schema is sent: the prompt alone asks for JSON."""
    prompt = (
        f"{FACTS}\nAnswer only with JSON, without a code fence: an object with the keys "
        '"company" (a string) and "price" (a number), for the cheapest company.'
    )
    assert json.loads(await ask(model, prompt)) == {"company": "Initech", "price": 35.5}


async def edit_json_object_mode(model: Model) -> None:
    """The client's own json_object mode, with keys of the learner's choice."""
    made = await model.client.chat.completions.create(
        model=model.name,
        messages=[
            {"role": "system", "content": "Answer as JSON with the keys vendor and monthly_fee."},
            {"role": "user", "content": "Globex charges $49 a month."},
        ],
        response_format={"type": "json_object"},
    )
    assert json.loads(made.choices[0].message.content or "") in (
        {"vendor": "Globex", "monthly_fee": fee} for fee in (49, "49", "$49")
    )


async def edit_extract_an_invoice(model: Model) -> None:
    """A text becomes a Pydantic model with a date and a number."""

    class Invoice(BaseModel):
        invoice_number: str
        vendor: str
        due_date: datetime.date
        total: float

    text = "Invoice number: INV-2044. Vendor: Hooli GmbH. Total: $1,249.50. Due date: 03.12.2024."
    invoice = await fill(model, f"Extract the invoice from this text.\n{text}", Invoice)
    assert invoice == Invoice(
        invoice_number="INV-2044",
        vendor="Hooli GmbH",
        due_date=datetime.date(2024, 12, 3),
        total=1249.5,
    )


async def edit_extract_what_is_not_there(model: Model) -> None:
    """A value that the text does not have must stay empty."""

    class Contact(BaseModel):
        company: str
        email: str | None
        phone: str | None

    text = "Write to Umbrella at hello@umbrella.example with any question."
    contact = await fill(model, f"Extract the contact.\n\nText: {text}", Contact)
    assert contact == Contact(company="Umbrella", email="hello@umbrella.example", phone=None)


async def edit_extract_a_list(model: Model) -> None:
    """A text becomes a list of records with other field names."""

    class Offer(BaseModel):
        vendor: str
        monthly_usd: float

    class Offers(BaseModel):
        offers: list[Offer]

    offers = (await fill(model, f"Extract all offers.\n{FACTS}", Offers)).offers
    assert {offer.vendor: offer.monthly_usd for offer in offers} == PRICES
    assert len(offers) == 3


async def edit_rank_by_price(model: Model) -> None:
    """The order asked for is not the order of the text."""

    class Ranking(BaseModel):
        companies: list[str]

    ranking = await fill(model, f"{FACTS}\nRank the companies from cheapest to dearest.", Ranking)
    assert ranking.companies == ["Initech", "Globex", "Umbrella"]


async def edit_yes_or_no_as_a_field(model: Model) -> None:
    """A question about a text, answered by a boolean."""

    class Answer(BaseModel):
        answer: bool

    for question, truth in (
        ("Is Globex cheaper than Initech?", False),
        ("Is Globex cheaper than Umbrella?", True),
    ):
        assert (await fill(model, f"{FACTS}\n{question}", Answer)).answer is truth, question


async def edit_yes_or_no_as_text(model: Model) -> None:
    """A question about a text, answered by one word."""
    for text, word in (("The door is locked.", "yes"), ("The window is open.", "no")):
        prompt = f"Text: {text}\nDoes the text mention a door? Answer yes or no only."
        assert (await ask(model, prompt)).casefold().strip(" .") == word, text


async def edit_classify_tickets(model: Model) -> None:
    """Four tickets, four labels of the learner's choice."""

    class Label(BaseModel):
        label: Literal["billing", "login", "delivery", "other"]

    for text, label in (
        ("I cannot log in, my login code never comes.", "login"),
        ("The billing address on my invoice is wrong, please correct the billing.", "billing"),
        ("When is the delivery of my parcel?", "delivery"),
        ("I just want to say that your garden is beautiful.", "other"),
    ):
        filled = await fill(model, f"Classify this ticket: {text}", Label)
        assert filled.label == label, text


async def edit_summary_with_a_limit(model: Model) -> None:
    """A summary in at most 12 words."""
    text = (
        "Globex, a maker of cooling systems, opened a second plant in Lyon on Monday. "
        "The plant will employ 300 people. The mayor held a speech, and a band played."
    )
    summary = await ask(model, f"Summarise this text in at most 12 words.\n\n{text}")
    assert 3 <= len(summary.split()) <= 12, summary
    assert "Globex" in summary or "plant" in summary, summary


async def edit_report_with_named_sections(model: Model) -> None:
    """A report with the learner's own section titles, from given facts."""
    prompt = f"Facts: {FACTS}\nWrite a report with the sections '## Findings' and '## Next steps'."
    report = await ask(model, prompt)
    assert report.find("## Findings") < report.find("## Next steps"), report
    assert "## Findings" in report, report
    assert names_prices(report), report
    assert set(numbers(report)) - set(PRICES.values()) <= {1.0, 2.0, 3.0}, report


# Critics, revisers, joiners


SOURCE = "Source: in 2024 Globex sold 410 units, and Initech sold 275 units."
GOOD = (
    "## Result\nIn 2024 Globex sold 410 units and Initech sold 275.\n\n## Risks\nDemand may fall."
)
WRONG_NUMBER = GOOD.replace("275", "925")
NO_RISKS = GOOD.partition("\n\n## Risks")[0]
RUBRIC = "The draft needs a section Result and a section Risks, and numbers as in the source."


def judge(draft: str) -> str:
    return f"You are a strict critic. {RUBRIC}\n{SOURCE}\n\nDraft:\n{draft}"


async def edit_grade_from_one_to_ten(model: Model) -> None:
    """The score is a whole number from 1 to 10; one draft has a wrong number."""

    class Review(BaseModel):
        grade: Annotated[int, Field(ge=1, le=10, description="10 is best.")]

    good, bad = [await fill(model, judge(draft), Review) for draft in (GOOD, WRONG_NUMBER)]
    assert bad.grade < good.grade


async def edit_letter_grades(model: Model) -> None:
    """The score is a letter; one draft lacks a section."""

    class Review(BaseModel):
        grade: Annotated[Literal["A", "B", "C", "D", "F"], Field(description="A is best.")]

    good, bad = [await fill(model, judge(draft), Review) for draft in (GOOD, NO_RISKS)]
    assert good.grade < bad.grade, (good, bad)


async def edit_verdict_with_problems(model: Model) -> None:
    """The verdict is an enum, and the problems must name what is wrong."""

    class Review(BaseModel):
        problems: list[str]
        verdict: Literal["revise", "accept"]

    good, wrong, short = [
        await fill(model, judge(draft), Review) for draft in (GOOD, WRONG_NUMBER, NO_RISKS)
    ]
    assert (good.verdict, wrong.verdict, short.verdict) == ("accept", "revise", "revise")
    assert good.problems == []
    assert "925" in " ".join(wrong.problems), wrong
    assert "risks" in " ".join(short.problems).casefold(), short


async def edit_pass_or_fail_as_text(model: Model) -> None:
    """The critic answers in words, PASS or FAIL first."""
    end = "\n\nReply with PASS or FAIL on the first line."
    good, bad = [await ask(model, judge(draft) + end) for draft in (GOOD, WRONG_NUMBER)]
    assert good.startswith("PASS"), good
    assert bad.startswith("FAIL"), bad


async def edit_compare_two_drafts(model: Model) -> None:
    """Which of two drafts is better: the answer must not depend on their order."""

    class Choice(BaseModel):
        better: Literal["A", "B"]

    for first, second, better in ((GOOD, WRONG_NUMBER, "A"), (WRONG_NUMBER, GOOD, "B")):
        text = f"{RUBRIC}\n{SOURCE}\n\nDraft A:\n{first}\n\nDraft B:\n{second}\n\nWhich is better?"
        assert (await fill(model, text, Choice)).better == better, text


async def edit_revise_by_the_issues(model: Model) -> None:
    """The reviser mends exactly what the critic found."""
    draft = WRONG_NUMBER.partition("\n\n## Risks")[0]
    issues = "1. Initech sold 275 units, not 925.\n2. The section Risks is missing."
    prompt = f"{SOURCE}\n\nDraft:\n{draft}\n\nIssues:\n{issues}\n\nRevise the draft. Only the text."
    revised = await ask(model, prompt)
    assert "275" in revised, revised
    assert "925" not in revised, revised
    assert re.search(r"^#* ?\**Risks", revised, re.MULTILINE), revised
    assert "410" in revised, revised


async def edit_joiner_with_other_words(model: Model) -> None:
    """The joiner says done or try_again instead of finish or replan."""

    class Join(BaseModel):
        next: Literal["done", "try_again"]
        reason: str

    goal = "Goal: the prices of Globex and Initech.\nResults so far:\n- Globex: $49\n- Initech: "
    end = "\nIs the goal reached, or must we plan again?"
    full = await fill(model, f"{goal}$35.50{end}", Join)
    holed = await fill(model, f"{goal}failed, the search timed out{end}", Join)
    assert (full.next, holed.next) == ("done", "try_again")
    assert "Initech" in holed.reason or "fail" in holed.reason or "time" in holed.reason, holed


# ReAct as text


TEXT_REACT = """Answer the question with these tools: look_up (searches the web), calculate.
Use exactly this form:
{form}
Question: What does Globex charge a month?"""


async def edit_react_as_text_with_other_labels(model: Model) -> None:
    """Thought, Action, Observation are called Reasoning, Do, Seen."""
    form = "Reasoning: why\nDo: tool[input]\nSeen: what the tool returned\nDone: the answer"
    messages = [user(TEXT_REACT.format(form=form))]
    first = (await model.ask(messages, stop=["Seen:"])).text
    action = re.search(r"^Do: (\w+)\[(.+)\]\s*$", first, re.MULTILINE)
    assert action, first
    assert action[1] == "look_up"
    assert "Globex" in action[2]
    assert first.startswith("Reasoning:"), first
    seen = user("Seen: Globex charges $49 a month.")
    last = (await model.ask([*messages, {"role": "assistant", "content": first}, seen])).text
    assert re.search(r"^Done: .*\b49\b", last, re.MULTILINE), last


async def edit_react_as_text_with_action_input(model: Model) -> None:
    """The action and its input stand on two lines, all in one growing prompt."""
    form = (
        "Thought: why\nAction: the tool\nAction Input: its input\nObservation: its result\n"
        "Final Answer: the answer"
    )
    prompt = TEXT_REACT.format(form=form) + "\n"
    first = await ask(model, prompt, stop=["\nObservation:"])
    assert re.search(r"^Action: look_up\s*\nAction Input: .*Globex", first, re.MULTILINE), first
    assert "Observation" not in first, first
    last = await ask(model, f"{prompt}{first}\nObservation: Globex charges $49 a month.\n")
    assert re.search(r"^Final Answer: .*\b49\b", last, re.MULTILINE), last


async def edit_react_as_text_with_json_actions(model: Model) -> None:
    """An action is one line of JSON."""
    form = (
        'THINK: why\nACT: {"tool": "...", "input": "..."}\nRESULT: what came back\n'
        "ANSWER: the answer"
    )
    first = await ask(model, TEXT_REACT.format(form=form), stop=["RESULT:"])
    action = re.search(r"^ACT: (\{.*\})\s*$", first, re.MULTILINE)
    assert action, first
    call = json.loads(action[1])
    assert call["tool"] == "look_up"
    assert "Globex" in call["input"]


# Options of the call


async def edit_temperature_and_seed(model: Model) -> None:
    """Temperature 0 and a fixed seed: the same answer twice, and it is right."""
    prompt = f"{FACTS}\nWhat does Umbrella charge? Answer in one sentence."
    first, second = [await ask(model, prompt, temperature=0, seed=7) for _ in range(2)]
    assert first == second
    assert 80 in numbers(first), first
    assert not {49.0, 35.5} & set(numbers(first)), first


async def edit_two_answers(model: Model) -> None:
    """n=2 gives two choices, both right."""
    made = await model.client.chat.completions.create(
        model=model.name,
        messages=[{"role": "user", "content": f"{FACTS}\nWhat does Globex charge?"}],
        n=2,
        temperature=1,
    )
    texts = [choice.message.content or "" for choice in made.choices]
    assert [choice.index for choice in made.choices] == [0, 1]
    assert all(49 in numbers(text) for text in texts), texts
    assert made.usage
    assert made.usage.total_tokens == made.usage.prompt_tokens + made.usage.completion_tokens


async def edit_stop_sequence(model: Model) -> None:
    """Text ends before the stop sequence."""
    text = await ask(model, "Repeat exactly: alpha beta gamma delta", stop=["gamma"])
    assert text == "alpha beta"


async def edit_streaming(model: Model) -> None:
    """The answer comes in pieces."""
    prompt = [user(f"{FACTS}\nList what each company charges.")]
    pieces = [piece async for piece in model.stream(prompt)]
    assert len(pieces) > 3
    assert names_prices("".join(pieces)), pieces


async def edit_very_few_tokens(model: Model) -> None:
    """A length limit cuts the answer, and the reply says so."""
    made = await model.client.chat.completions.create(
        model=model.name,
        messages=[{"role": "user", "content": f"{FACTS}\nWrite a long report about these prices."}],
        max_completion_tokens=6,
    )
    assert made.choices[0].finish_reason == "length"
    assert made.usage
    assert made.usage.completion_tokens == 6


async def edit_tool_choice(model: Model) -> None:
    """The call forces a tool, forbids all tools, or names one."""
    tools, prompt = Toolbox([web_search(), calculate]), [user("What does Globex charge?")]
    none = await model.ask(prompt, tools=tools, tool_choice="none")
    assert none.text
    assert not none.calls
    assert not names_money(none.text), none.text
    forced = await model.ask([user("Good morning!")], tools=tools, tool_choice="required")
    assert forced.calls
    named = {"type": "function", "function": {"name": "calculate"}}
    reply = await model.ask([user("What is 6 * 7?")], tools=tools, tool_choice=named)
    assert [call.name for call in reply.calls] == ["calculate"]
    assert json.loads(reply.calls[0].arguments)["expression"].replace(" ", "") == "6*7"


async def edit_no_parallel_calls(model: Model) -> None:
    """One call at a time, until all three companies are known."""
    tools, messages = Toolbox([web_search()]), [user(RESEARCH)]
    for _ in range(8):
        reply = await model.ask(messages, tools=tools, parallel_tool_calls=False)
        messages.append(reply.message)
        if not reply.calls:
            break
        assert len(reply.calls) == 1
        call = reply.calls[0]
        seen = await tools.call(call.name, json.loads(call.arguments))
        messages.append({"role": "tool", "tool_call_id": call.id, "content": seen.text})
    assert len(messages) > 3
    assert names_prices(reply.text), reply.text


# The small model


async def small_edit_sum(model: Model) -> None:
    """The small model, one short task."""
    result = await react(model, "What is 12 * 12?", calculate, *idle_tools())
    assert 144 in numbers(answer_of(result)), result.answer


async def small_edit_plan(model: Model) -> None:
    """The small model's plan may be vague, but it is about the goal, and its ids exist."""

    class Task(BaseModel):
        id: str
        title: str
        needs: list[str]

    class Tasks(BaseModel):
        tasks: list[Task]

    tasks = (await fill(model, "Plan the move of our library to Bern.", Tasks)).tasks
    ids = [task.id for task in tasks]
    assert len(ids) > 1
    assert len(set(ids)) == len(ids)
    assert all(need in ids for task in tasks for need in task.needs), tasks
    assert all(task.title.strip() for task in tasks)
    assert "library" in str(tasks) or "Bern" in str(tasks), tasks


async def small_edit_price(model: Model) -> None:
    """The small model with a renamed tool."""
    result = await react(model, "What does Globex charge a month?", web_search("askTheWeb"))
    assert "Globex" in str(given(result, "askTheWeb")[0]["query"])
    assert 49 in numbers(answer_of(result)), result.answer
