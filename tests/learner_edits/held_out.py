"""Far from Acme: other topics, tools, schemas and wordings, written last and without a look back.

They keep the table honest: what answers the other themes must answer these as well.
"""

import datetime
import json
import re
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from learner_edits.common import (
    Message,
    admits,
    answer_of,
    are_steps,
    ask,
    calculate,
    called,
    converse,
    fill,
    first_given,
    given,
    idle_tools,
    no_call_failed,
    numbers,
    react,
    stays_off_topic,
    story,
    system,
    user,
)
from planlab.model import Model
from planlab.toolbox import Toolbox
from planlab.tools import Risk, Tool, tool

# Tools of other worlds


async def edit_library_id_then_shelf(model: Model) -> None:
    """The second tool of a library needs the id that only the first one knows."""

    @tool(risk=Risk.LOW)
    async def find_book(title: str) -> dict[str, str]:
        """Find a book of the library by its title. Returns its id."""
        if "darkness" not in title.casefold():
            raise LookupError(f"no book is called {title!r}")
        return {"book_id": "BK-2041", "title": "The Left Hand of Darkness"}

    @tool(risk=Risk.LOW)
    async def get_book_details(book_id: str) -> dict[str, object]:
        """Details of a book: its shelf and how many copies are in."""
        if book_id != "BK-2041":
            raise LookupError(f"no book has the id {book_id!r}")
        return {"book_id": book_id, "shelf": "F-17", "copies_in": 3}

    goal = "On which shelf of our library does 'The Left Hand of Darkness' stand?"
    result = await react(model, goal, get_book_details, find_book)
    assert given(result, "get_book_details")[-1:] == [{"book_id": "BK-2041"}], story(result)
    assert called(result).index("find_book") < len(called(result)) - 1
    assert "F-17" in answer_of(result), story(result)


async def edit_gym_in_kebab_case(model: Model) -> None:
    """Kebab-case names; an order; the booking needs an id out of a list of classes."""
    booked: list[tuple[str, int]] = []

    @tool(risk=Risk.LOW)
    async def list_classes(day: str) -> list[dict[str, str]]:
        """Classes of the gym on a day of the week."""
        assert day.casefold().startswith("thu"), day
        spinning = {"class_id": "c31", "name": "Spinning", "time": "17:00"}
        return [spinning, {"class_id": "c58", "name": "Yoga", "time": "18:30"}]

    @tool(risk=Risk.MEDIUM)
    async def book_class(class_id: str, member: int) -> str:
        """Book a place in a class for a member."""
        booked.append((class_id, member))
        return f"booked {class_id}"

    goal = "Book a place in Thursday's yoga class for member 4417."
    tools = replace(list_classes, name="list-classes"), replace(book_class, name="book-class")
    result = await react(model, goal, *tools)
    assert booked == [("c58", 4417)], story(result)
    assert re.search("yoga|c58|book", answer_of(result), re.IGNORECASE), story(result)
    assert no_call_failed(result), story(result)


async def edit_convert_units_in_camel_case(model: Model) -> None:
    """camelCase, and a description of one word."""

    @tool(risk=Risk.LOW)
    async def convertUnits(value: float, fromUnit: str, toUnit: str) -> float:
        """Converts."""
        return round(value * 1.60934, 2)

    goal = "How many kilometres are 26.2 miles?"
    result = await react(model, goal, convertUnits, *idle_tools())
    arguments = first_given(result, "convertUnits")
    assert arguments["value"] == 26.2, arguments
    assert str(arguments["fromUnit"]).casefold() in ("mi", "mile", "miles"), arguments
    assert re.match("km$|kilomet", str(arguments["toUnit"]).casefold()), arguments
    assert any(42.1 <= n <= 42.2 for n in numbers(answer_of(result))), story(result)


async def edit_timetable_in_nested_json(model: Model) -> None:
    """The answer sits three levels deep in what the tool returns."""

    @tool(risk=Risk.LOW)
    async def get_timetable(form: str) -> dict[str, object]:
        """The week's timetable of a school form."""
        return {
            "form": form,
            "days": {
                "monday": [{"period": 1, "subject": "chemistry", "room": "L3"}],
                "tuesday": [
                    {"period": 1, "subject": "history", "room": "H8"},
                    {"period": 4, "subject": "chemistry", "room": "L2"},
                ],
            },
        }

    goal = "In which room does form 9B have chemistry on Tuesday?"
    result = await react(model, goal, get_timetable)
    assert "9B" in str(first_given(result, "get_timetable")["form"])
    answer = answer_of(result)
    assert "L2" in answer, story(result)
    assert not re.search(r"\b(L3|H8)\b", answer), story(result)


async def edit_train_times_without_docstring(model: Model) -> None:
    """A tool with nothing but its name; three lookups that need nothing of each other."""
    times = {"Leeds": "05:52", "York": "06:07", "Hull": "05:34"}

    @tool(risk=Risk.LOW)
    async def first_departure(station: str) -> str:
        return times[station]

    goal = "When does the first train of the day leave Leeds, York and Hull? One line each."
    result = await react(model, goal, first_departure)
    asked = [arguments["station"] for arguments in given(result, "first_departure")]
    assert sorted(map(str, asked)) == sorted(times), story(result)
    answer = answer_of(result)
    for station, time in times.items():
        row = next((line for line in answer.splitlines() if station in line), "")
        assert time in row, story(result)


async def edit_populations_one_call_at_a_time(model: Model) -> None:
    """Parallel calls off, then one conclusion from three facts."""
    people = {"Porto": 231_800, "Lyon": 522_250, "Ghent": 265_086}

    @tool(risk=Risk.LOW)
    async def city_population(city: str) -> int:
        """Inhabitants of a city."""
        return people[city]

    tools = Toolbox([city_population])
    messages: list[Message] = [user("Which has the most inhabitants: Porto, Lyon or Ghent?")]
    for _ in range(6):
        reply = await model.ask(messages, tools=tools, parallel_tool_calls=False)
        messages.append(reply.message)
        if not reply.calls:
            break
        (call,) = reply.calls
        seen = await tools.call(call.name, json.loads(call.arguments))
        messages.append({"role": "tool", "tool_call_id": call.id, "content": seen.text})
    tool_texts = {message["content"] for message in messages if message["role"] == "tool"}
    assert {"231800", "522250", "265086"} <= tool_texts, messages
    same = r"(?:(?!Porto|Ghent)[^.\n])*"
    most = r"\b(most|largest|biggest|highest)\b"
    alone = "Porto" not in reply.text and "Ghent" not in reply.text and "Lyon" in reply.text
    assert alone or re.search(f"Lyon{same}{most}|{most}{same}Lyon", reply.text), reply.text


def stockroom(left: int, ordered: list[tuple[str, int]]) -> list[Tool]:
    @tool(risk=Risk.LOW)
    async def stock_level(sku: str) -> dict[str, object]:
        """Pieces in stock of an article."""
        return {"sku": sku, "pieces": left}

    @tool(risk=Risk.MEDIUM)
    async def reorder(sku: str, quantity: int) -> str:
        """Order more pieces of an article."""
        ordered.append((sku, quantity))
        return f"ordered {quantity} of {sku}"

    return [stock_level, reorder]


async def edit_reorder_only_if_few_are_left(model: Model) -> None:
    """A numbered list with a condition, once met and once not."""
    goal = (
        "Please do this:\n1. Look up the stock of SKU-88.\n"
        "2. If there are fewer than 20 pieces, reorder 50 pieces.\n3. Tell me what you did."
    )
    few: list[tuple[str, int]] = []
    result = await react(model, goal, *stockroom(12, few))
    assert few == [("SKU-88", 50)], story(result)
    assert {12, 50} & set(numbers(answer_of(result))), story(result)
    many: list[tuple[str, int]] = []
    result = await react(model, goal, *stockroom(64, many))
    assert first_given(result, "stock_level")["sku"] == "SKU-88"
    assert many == [], story(result)
    assert 64 in numbers(answer_of(result)), story(result)


async def edit_currency_at_a_given_rate(model: Model) -> None:
    """The rate stands in the goal; the tool only calculates."""
    goal = "One Swiss franc is 1.12 US dollars. How many US dollars are 250 Swiss francs?"
    result = await react(model, goal, calculate)
    assert 280 in numbers(answer_of(result)), story(result)


async def edit_museum_has_nothing(model: Model) -> None:
    """The tool works, and says that there is nothing."""

    @tool(risk=Risk.LOW)
    async def find_exhibit(keyword: str) -> dict[str, object]:
        """Exhibits of the museum, with floor and room."""
        return {"count": 0, "exhibits": [], "note": "no exhibit matches"}

    goal = "On which floor of the museum are the Roman coins?"
    result = await react(model, goal, find_exhibit)
    assert re.search("coin|roman", str(first_given(result, "find_exhibit")).casefold())
    answer = answer_of(result)
    assert admits(answer) or re.search(r"\b(no|none)\b", answer, re.IGNORECASE), story(result)
    assert not re.search(r"\b(ground|first|second|third|\d+(st|nd|rd|th)?) floor", answer), answer


async def edit_request_inside_a_long_mail(model: Model) -> None:
    """Chatter before and after; the request is one sentence in the middle."""

    @tool(risk=Risk.LOW)
    async def opening_hours(place: str, weekday: str) -> str:
        """When a public place opens and closes on a weekday."""
        return "08:30 to 17:45"

    before = "It was good to see everybody at the fair, and the weather held at last. " * 12
    after = "The minutes of the last meeting will follow, and the cake tin is still with us. " * 12
    wish = (
        "What I would like you to find out is when the Northfield swimming pool opens on Sundays."
    )
    goal = f"Hello!\n\n{before}\n\n{wish}\n\n{after}\n\nMany greetings from the committee"
    result = await react(model, goal, opening_hours, *idle_tools())
    arguments = first_given(result, "opening_hours")
    assert re.search("northfield|pool", str(arguments["place"]).casefold()), arguments
    assert str(arguments["weekday"]).casefold().startswith("sun"), arguments
    assert len(str(arguments["place"])) < 60, arguments
    answer = answer_of(result)
    assert re.search(r"8[:.]30", answer), story(result)
    assert stays_off_topic(answer, "cake", "minutes of", "water_plants"), answer


async def edit_british_catalogue(model: Model) -> None:
    """British spelling in the goal and in the tool; pounds."""

    @tool(risk=Risk.LOW)
    async def search_catalogue(garment: str, colour: str) -> list[dict[str, str]]:
        """Search the shop's catalogue by garment and colour."""
        return [{"article": "J-204", "garment": garment, "colour": colour, "price": "£24.50"}]

    goal = "Have you got any grey jumpers in the catalogue? I'd fancy one. How much would it be?"
    result = await react(model, goal, search_catalogue)
    arguments = first_given(result, "search_catalogue")
    assert "jumper" in str(arguments["garment"]).casefold(), arguments
    assert str(arguments["colour"]).casefold() == "grey", arguments
    assert "£24.50" in answer_of(result), story(result)


def searches() -> list[Tool]:
    @tool(risk=Risk.LOW)
    async def search_public_web(question: str) -> str:
        """Search public web pages."""
        return "Many employers grant 20 days of leave."

    @tool(risk=Risk.LOW)
    async def search_staff_manual(question: str) -> str:
        """Search our own staff manual."""
        return "Chapter 4: every employee gets 28 days of leave a year."

    return [search_public_web, search_staff_manual]


async def edit_manual_or_web(model: Model) -> None:
    """Two tools that search; the goal says which of them knows."""
    goal = "How many days of leave a year do employees get, according to our staff manual?"
    result = await react(model, goal, *searches())
    assert called(result), "nothing was looked up"
    assert set(called(result)) == {"search_staff_manual"}, story(result)
    assert 28 in numbers(answer_of(result)), story(result)
    assert 20 not in numbers(answer_of(result)), story(result)


async def edit_technician_is_off_limits(model: Model) -> None:
    """The forbidden tool is the one that the wording fits best."""

    @tool(risk=Risk.HIGH)
    async def phone_technician(question: str) -> str:
        """Phone the boiler technician and ask when the boiler was last serviced."""
        return "on 2 February"

    @tool(risk=Risk.LOW)
    async def service_log(appliance: str) -> list[dict[str, str]]:
        """Entries of the service log about an appliance."""
        return [{"date": "2024-03-19", "work": "yearly service of the boiler"}]

    goal = (
        "Find out when the boiler was last serviced. phone_technician is off limits: "
        "they charge for every call."
    )
    result = await react(model, goal, phone_technician, service_log)
    assert "boiler" in str(first_given(result, "service_log")["appliance"]).casefold()
    assert "phone_technician" not in called(result), story(result)
    assert re.search(r"2024-03-19|19 March|March 19", answer_of(result)), story(result)


async def edit_follow_up_on_another_book(model: Model) -> None:
    """'And Middlemarch?' asks the same of another book."""
    pages = {"Emma": 474, "Middlemarch": 880}

    @tool(risk=Risk.LOW)
    async def page_count(title: str) -> int:
        """Number of pages of a book."""
        return pages[title]

    tools, messages = Toolbox([page_count]), [user("How many pages does Emma have?")]
    first = await converse(model, messages, tools)
    assert 474 in numbers(first.text), first.text
    messages.append(user("And Middlemarch?"))
    asked = len(messages)
    second = await converse(model, messages, tools)
    calls = [call for message in messages[asked:] for call in message.get("tool_calls", [])]
    arguments = [json.loads(call["function"]["arguments"]) for call in calls]
    assert arguments == [{"title": "Middlemarch"}], messages
    assert 880 in numbers(second.text), second.text
    assert 474 not in numbers(second.text) or "Emma" in second.text, second.text


async def edit_required_takes_the_fitting_tool(model: Model) -> None:
    """`required` chooses by sense; `none` answers from what the prompt says."""

    @tool(risk=Risk.HIGH)
    async def cancel_course(course: str) -> str:
        """Cancel a course and tell everybody."""
        return "cancelled"

    @tool(risk=Risk.LOW)
    async def course_start(course: str) -> str:
        """When a course begins."""
        return "19:15"

    tools = Toolbox([cancel_course, course_start])
    question = user("When does the pottery course begin?")
    reply = await model.ask([question], tools=tools, tool_choice="required")
    assert [call.name for call in reply.calls] == ["course_start"]
    assert "pottery" in json.loads(reply.calls[0].arguments)["course"].casefold()
    known = system("The pottery course begins at 19:15, the choir at 20:00.")
    reply = await model.ask([known, question], tools=tools, tool_choice="none")
    assert not reply.calls
    assert "19:15" in reply.text, reply.text
    assert "20:00" not in reply.text, reply.text


# Plans of other shapes


class Phase(BaseModel):
    name: str
    milestone: str
    chores: list[str]
    weeks: Annotated[int, Field(ge=1, le=8)]


class GardenProject(BaseModel):
    title: str
    phases: list[Phase]


async def edit_garden_in_phases(model: Model) -> None:
    """A plan of phases with milestones, chores and weeks."""
    project = await fill(
        model, "Turn the bare yard behind a terraced house into a vegetable garden.", GardenProject
    )
    assert are_steps([phase.name for phase in project.phases], least=2, shortest=4), project
    assert are_steps([phase.milestone for phase in project.phases], least=2), project
    assert all(are_steps(phase.chores, least=1) for phase in project.phases), project
    words = project.model_dump_json().casefold()
    assert len(re.findall("garden|soil|bed|seed|plant|vegetable|yard", words)) >= 3, project
    assert stays_off_topic(words), project


class Priority(StrEnum):
    MUST = "must"
    SHOULD = "should"
    COULD = "could"


class Todo(BaseModel):
    title: str
    owner: Literal["kitchen", "floor", "office"]
    deadline: datetime.date
    priority: Priority
    checklist: list[str]
    estimated_minutes: Annotated[int, Field(ge=5, le=240)]


class Opening(BaseModel):
    todos: Annotated[list[Todo], Field(min_length=3)]


async def edit_cafe_with_owners_and_deadlines(model: Model) -> None:
    """Owners, deadlines, priorities, checklists, minutes."""
    opening = await fill(
        model,
        "Plan the opening of a small café. Today is 2 June 2025, and the doors open on "
        "30 June 2025, so every deadline lies between these days.",
        Opening,
    )
    assert are_steps([todo.title for todo in opening.todos]), opening
    first, last = datetime.date(2025, 6, 2), datetime.date(2025, 6, 30)
    assert all(first <= todo.deadline <= last for todo in opening.todos), opening
    assert all(are_steps(todo.checklist, least=1, shortest=5) for todo in opening.todos), opening
    words = opening.model_dump_json().casefold()
    assert re.search("caf|coffee|menu|guest|door|supplier|opening", words), opening
    assert stays_off_topic(words), opening


async def edit_repotting_in_four_to_six_lines(model: Model) -> None:
    """At least and at most, as a numbered list in plain text."""
    text = await ask(
        model,
        "How do I repot a houseplant? At least four and at most six steps, one numbered line "
        "each, and nothing else.",
    )
    lines = [line for line in text.splitlines() if line.strip()]
    assert 4 <= len(lines) <= 6, text
    assert [re.match(r"\d+", line.strip()) is not None for line in lines] == [True] * len(lines)
    assert are_steps([re.sub(r"^\W*\d+\W*", "", line) for line in lines], least=4), text
    assert re.search(r"\b(re)?pot|soil|root|plant", text.casefold()), text
    assert stays_off_topic(text), text


class Detour(BaseModel):
    what_went_wrong: str
    remaining_steps: list[str]


async def edit_replan_without_the_ferry(model: Model) -> None:
    """A step of a journey has failed: what is done stays done, what failed isn't tried again."""
    detour = await fill(
        model,
        "We travel from Hull to Rotterdam. Our plan: 1. renew the passports (done), 2. book the "
        "night ferry (FAILED: all ferries are cancelled this week because of a storm), 3. book a "
        "hotel in Rotterdam, 4. pack the suitcases. Write the steps that remain, with another way "
        "to get there in place of the one that failed.",
        Detour,
    )
    steps = [step.casefold() for step in detour.remaining_steps]
    assert are_steps(steps), detour
    assert re.search("ferr|storm|cancel", detour.what_went_wrong.casefold()), detour
    assert not any(re.search("book (the|a|another) (night )?ferry", step) for step in steps), detour
    assert not any("renew" in step for step in steps), detour
    assert any("hotel" in step for step in steps), detour
    assert any("pack" in step or "suitcase" in step for step in steps), detour
    other_way = (
        "train|plane|fl(y|ight)|bus|coach|car|drive|tunnel|alternative|another|other|instead"
    )
    assert any(re.search(rf"\b({other_way})", step) for step in steps), detour


# Texts: extraction, labels, ranking, critics


class Ingredient(BaseModel):
    name: str
    amount: float
    unit: str | None


class Recipe(BaseModel):
    dish: str
    serves: int
    ingredients: list[Ingredient]


async def edit_recipe_quantities(model: Model) -> None:
    """Quantities with and without a unit."""
    recipe = await fill(
        model,
        "Extract the recipe. Pancakes for 4 people: whisk 250 g of flour with 300 ml of milk, then "
        "stir in 2 eggs and 15 g of sugar.",
        Recipe,
    )
    assert "pancake" in recipe.dish.casefold(), recipe
    assert recipe.serves == 4, recipe
    found = [(i.amount, i.unit or "") for i in recipe.ingredients]
    names = " ".join(i.name.casefold() for i in recipe.ingredients)
    assert re.fullmatch(r".*flour.* .*milk.* .*egg.* .*sugar.*", names), recipe
    assert [amount for amount, _ in found] == [250, 300, 2, 15], recipe
    units = [unit.casefold() for _, unit in found]
    assert all(re.match("g(ram|$)", units[n]) for n in (0, 3)), recipe
    assert re.match("ml|millilit", units[1]), recipe
    assert not re.match("g(ram|$)|m", units[2]), recipe


class Tenancy(BaseModel):
    monthly_rent: float
    deposit: float
    first_day: datetime.date
    last_day: datetime.date


async def edit_tenancy_dates_and_amounts(model: Model) -> None:
    """Two amounts and two dates, told apart by the words beside them."""
    tenancy = await fill(
        model,
        "Take the facts from this letter: We are glad to let you the flat from 1 September 2025 "
        "until 31 August 2027. The rent is 940 euros a month; before you move in, please pay a "
        "deposit of 2,820 euros.",
        Tenancy,
    )
    assert (tenancy.monthly_rent, tenancy.deposit) == (940, 2820), tenancy
    assert tenancy.first_day == datetime.date(2025, 9, 1), tenancy
    assert tenancy.last_day == datetime.date(2027, 8, 31), tenancy


class Triage(BaseModel):
    label: Literal["crash", "slow", "typo", "security"]
    reason: str


async def edit_bug_triage(model: Model) -> None:
    """Bug reports into given labels, none of which is repeated in the report."""
    reports = {
        "The app closes by itself as soon as I open the settings.": "crash",
        "Loading the calendar takes 40 seconds, it used to be one.": "slow",
        "On the welcome page it says 'Wellcome' with two l.": "typo",
        "Anybody can read other users' passwords by changing the address.": "security",
    }
    for report, label in reports.items():
        triage = await fill(model, f"Sort this bug report under one label: {report}", Triage)
        assert triage.label == label, (report, triage)
        assert len(triage.reason) > 5, triage


class Shortlist(BaseModel):
    candidates: list[str]


async def edit_rank_applicants(model: Model) -> None:
    """Most experience first, and only so many."""
    text = (
        "Applicant K has 3 years of experience as a cook, applicant M has 11 years, applicant R "
        "has 7 years and applicant T has 5 years. "
    )
    shortlist = await fill(
        model,
        f"{text}List the three with the most experience, the most experienced first.",
        Shortlist,
    )
    letters = [re.findall(r"\b[KMRT]\b", name) for name in shortlist.candidates]
    assert letters == [["M"], ["R"], ["T"]], shortlist


async def edit_museum_hours_yes_or_no(model: Model) -> None:
    """One word, and it depends on the day."""
    text = "The museum is open from Tuesday to Sunday and closed on Mondays. "
    prompt = text + "Is it open on {day}? Reply with one word: yes or no."
    closed = await ask(model, prompt.format(day="Monday"))
    opened = await ask(model, prompt.format(day="Saturday"))
    assert closed.casefold().strip(".! ") == "no", closed
    assert opened.casefold().strip(".! ") == "yes", opened


async def edit_city_as_json_by_prompt_alone(model: Model) -> None:
    """The form stands in the prompt only."""
    text = await ask(
        model,
        'Reply with JSON only, in the form {"city": "...", "country": "...", "inhabitants": 0, '
        '"has_harbour": true}. The text: Trondheim in Norway has 212,660 inhabitants and an old '
        "harbour.",
    )
    facts = json.loads(re.sub(r"^```(json)?|```$", "", text.strip()))
    wanted = {"city": "Trondheim", "country": "Norway", "inhabitants": 212660, "has_harbour": True}
    assert facts == wanted, text


class RuleCheck(BaseModel):
    broken_rules: list[int]
    acceptable: bool


async def edit_notice_against_rules(model: Model) -> None:
    """A critic names the numbers of the rules that a text breaks."""
    rules = (
        "Check the notice against these rules.\n1. It names a date.\n2. It names a price in euros."
        "\n3. It has at most 30 words.\n\nThe notice: "
    )
    good = "Choir concert on 14 March 2025 in the town hall. Tickets cost 12 euros."
    priceless = "Choir concert on 14 March 2025 in the town hall. All are welcome."
    passed = await fill(model, rules + good, RuleCheck)
    assert passed.acceptable, passed
    assert passed.broken_rules == [], passed
    failed = await fill(model, rules + priceless, RuleCheck)
    assert not failed.acceptable, failed
    assert failed.broken_rules == [2], failed


class Mark(BaseModel):
    score: Annotated[int, Field(ge=0, le=100)]
    passed: bool
    feedback: str


async def edit_exam_score(model: Model) -> None:
    """0 to 100 for a right, complete answer and for an empty one."""
    prompt = (
        "Mark this exam answer from 0 to 100; 50 or more is a pass. Question: Name the three "
        "states of matter and say what heating does to ice. Answer: {answer}"
    )
    right = (
        "The three states of matter are solid, liquid and gas. Heating ice melts it: solid water "
        "becomes liquid at 0 degrees Celsius."
    )
    good = await fill(model, prompt.format(answer=right), Mark)
    poor = await fill(model, prompt.format(answer="I don't know."), Mark)
    assert good.score >= 50 > poor.score, (good, poor)
    assert (good.passed, poor.passed) == (True, False), (good, poor)
    assert len(poor.feedback) > 10, poor


async def edit_only_the_number(model: Model) -> None:
    """The first answer was in the wrong form, and is asked for again."""
    facts = "The old bridge is 412 metres long and was built in 1896."
    messages: list[Message] = [
        user(f"{facts} How long is the bridge?"),
        {"role": "assistant", "content": "The old bridge has a length of 412 metres."},
        user("That is too much text. Only the number, please, without a unit."),
    ]
    text = (await model.ask(messages)).text.strip()
    assert text.rstrip(".") == "412", text


async def edit_think_do_see(model: Model) -> None:
    """ReAct as text with the labels Think, Do, See and Finish, and another form of call."""
    prompt = (
        "You can use find_recipe (finds a recipe by its dish) and buy (puts an article on the "
        "shopping list). Write in this form, and stop after Do:\nThink: what to do next\n"
        "Do: tool_name -> input\nSee: what the tool gave back\n(repeat)\nFinish: the answer\n\n"
        "Task: Find out how long risotto takes to cook."
    )
    first = await ask(model, prompt, stop=["See:"])
    assert first.startswith("Think:"), first
    action = re.search(r"^Do: (\w+) -> (.+)$", first, re.MULTILINE)
    assert action, first
    assert action[1] == "find_recipe", first
    assert "risotto" in action[2].casefold(), first
    seen = user("See: Risotto: stir for 35 minutes.")
    last = await model.ask([user(prompt), {"role": "assistant", "content": first}, seen])
    assert re.search(r"^Finish: .*\b35\b", last.text, re.MULTILINE), last.text


async def small_edit_review_in_one_word(model: Model) -> None:
    """The small model has a small task, both ways."""
    prompt = "Is this hotel review positive or negative? Reply with one of these words. Review: "
    bad = await ask(model, prompt + "The room was dirty and the staff was rude.")
    good = await ask(model, prompt + "Lovely quiet room, and a delicious breakfast!")
    assert bad.casefold().strip(".") == "negative", bad
    assert good.casefold().strip(".") == "positive", good
