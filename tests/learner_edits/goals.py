"""Goals in other words, on other topics, in longer conversations, for a smaller model."""

import datetime
import json
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel

from learner_edits.common import (
    FACTS,
    answer_of,
    calculate,
    called,
    converse,
    fill,
    first_given,
    idle_tools,
    names_prices,
    numbers,
    react,
    story,
    user,
    web_search,
    write_file,
)
from planlab.model import Model
from planlab.toolbox import Toolbox
from planlab.tools import Risk, Tool, tool


async def edit_very_polite(model: Model) -> None:
    """The goal is wrapped in courtesies."""
    goal = (
        "Hello! I hope you are having a lovely day. Could you please be so kind and find out for "
        "me what Globex charges a month? Thank you so much in advance!"
    )
    result = await react(model, goal, web_search())
    assert "Globex" in str(first_given(result, "web_search")["query"])
    assert "lovely" not in str(first_given(result, "web_search")["query"])
    assert 49 in numbers(answer_of(result)), story(result)


async def edit_terse_lower_case(model: Model) -> None:
    """Two words and a question mark."""
    result = await react(model, "initech price?", web_search())
    assert "initech" in str(first_given(result, "web_search")["query"]).casefold()
    assert 35.5 in numbers(answer_of(result)), story(result)


async def edit_upper_case(model: Model) -> None:
    """Everything is shouted."""
    result = await react(model, "FIND OUT WHAT GLOBEX AND UMBRELLA CHARGE A MONTH!", web_search())
    assert {49.0, 80.0} <= set(numbers(answer_of(result))), story(result)


async def edit_spelling_mistakes(model: Model) -> None:
    """The verbs are misspelt."""
    goal = "Reserch the compettitors Globex and Initech and compair there prises."
    result = await react(model, goal, web_search("look_up"), *idle_tools())
    assert set(called(result)) == {"look_up"}, story(result)
    assert {49.0, 35.5} <= set(numbers(answer_of(result))), story(result)


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
    assert order == ["web_search", "calculate", "write_file"], story(result)
    assert list(files) == ["globex.txt"], story(result)
    assert 588 in numbers(files["globex.txt"]), files


async def edit_goal_in_the_middle(model: Model) -> None:
    """The task stands in the middle of a long newsletter."""
    chat = "The canteen has a new menu, and the garden will be open until eight. " * 12
    text = f"{chat}\n\nTask: find out what Initech charges a month.\n\n{chat}"
    result = await react(model, text, web_search())
    query = str(first_given(result, "web_search")["query"])
    assert "Initech" in query
    assert "canteen" not in query
    assert 35.5 in numbers(answer_of(result)), story(result)


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
    assert "Initech" in json.dumps([m.get("tool_calls") for m in messages[before:]]), second.text
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
    result = await react(model, goal, flights(asked), *idle_tools())
    answer = answer_of(result)
    assert set(asked) == {("Zurich", "Lisbon", datetime.date(2024, 12, 3))}, asked
    assert "TP 929" in answer or "142" in answer, answer
    assert "LX 2084" not in answer or "cheapest" in answer, answer


async def edit_travel_with_a_dotted_date(model: Model) -> None:
    """The date is written 03.12.2024."""
    asked: list[tuple[str, str, datetime.date]] = []
    goal = "I need a flight from Oslo to Rome on 03.12.2024, which ones are there?"
    answer = answer_of(await react(model, goal, flights(asked)))
    assert set(asked) == {("Oslo", "Rome", datetime.date(2024, 12, 3))}, asked
    assert {190.0, 142.0, 155.0} <= set(numbers(answer)), answer


async def edit_travel_with_a_german_date(model: Model) -> None:
    """The date is written 5. März 2025."""
    asked: list[tuple[str, str, datetime.date]] = []
    answer_of(await react(model, "Flights from Bern to Graz on 5. März 2025?", flights(asked)))
    assert set(asked) == {("Bern", "Graz", datetime.date(2025, 3, 5))}, asked


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
    assert set(asked) == {("Oslo", "celsius"), ("Cairo", "celsius")}, asked
    assert answer.strip(" .") == "Cairo", answer


async def edit_word_problem(model: Model) -> None:
    """A word problem, with a calculator at hand."""
    goal = "A crate holds 24 bottles. How many bottles are in 7 crates?"
    result = await react(model, goal, calculate)
    assert set(called(result)) == {"calculate"}, story(result)
    assert 168 in numbers(answer_of(result)), story(result)


async def small_edit_sum(model: Model) -> None:
    """The small model, one short task."""
    result = await react(model, "What is 12 * 12?", calculate, *idle_tools())
    assert 144 in numbers(answer_of(result)), story(result)


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
    assert len(ids) > 1, tasks
    assert len(set(ids)) == len(ids)
    assert all(need in ids for task in tasks for need in task.needs), tasks
    assert all(task.title.strip() for task in tasks)
    assert "library" in str(tasks) or "Bern" in str(tasks), tasks


async def small_edit_price(model: Model) -> None:
    """The small model with a renamed tool."""
    result = await react(model, "What does Globex charge a month?", web_search("askTheWeb"))
    assert "Globex" in str(first_given(result, "askTheWeb")["query"])
    assert 49 in numbers(answer_of(result)), story(result)
