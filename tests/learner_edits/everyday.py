"""Everyday topics, far from Acme, written without the simulator's code: 7 of 30 passed at first.

What it cannot answer yet stands in `NOT_YET` of the test.
"""

import json
import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from learner_edits.common import (
    answer_of,
    are_steps,
    ask,
    calculate,
    called,
    converse,
    fill,
    first_given,
    given,
    is_ordered,
    numbers,
    react,
    stays_off_topic,
    story,
    system,
    user,
    write_file,
)
from planlab.records import Plan
from planlab.toolbox import Toolbox
from planlab.tools import Risk, tool

# ---- near lessons 00 and 01


async def edit_pet_shop_prices(model):
    """Other companies, other tool name, which is cheaper."""
    prices = {"Pawtopia": 64.0, "Fur & Feather": 58.5}

    @tool(risk=Risk.LOW)
    async def shop_search(query: str) -> list[dict[str, str]]:
        """Search the catalogues of pet shops."""
        hits = [s for s in prices if s.lower() in query.lower()] or list(prices)
        return [
            {"shop": s, "text": f"{s} sells a rabbit hutch for ${prices[s]:.2f}."} for s in hits
        ]

    result = await react(
        model,
        "Compare what Pawtopia and Fur & Feather ask for a rabbit hutch. Which is cheaper?",
        shop_search,
    )
    answer = answer_of(result)
    assert {64.0, 58.5} <= set(numbers(answer)), story(result)
    assert re.search(
        r"Fur & Feather[^.]*(cheap|low|less)|(cheap|low|least)[^.]*Fur & Feather", answer
    ), story(result)


async def edit_bakery_count(model):
    """Lesson 01's counting question, on a bakery's orders."""
    asked = []

    @tool(risk=Risk.LOW)
    async def list_orders(day: str) -> list[dict[str, object]]:
        """The orders of the bakery for one day of the week."""
        asked.append(day)
        loaves = ["sourdough", "rye", "sourdough", "brioche", "sourdough", "sourdough", "rye"]
        return [
            {"order": n, "customer": f"C{n + 20}", "item": i} for n, i in enumerate(loaves, 101)
        ]

    result = await react(model, "How many of Saturday's orders are for sourdough?", list_orders)
    assert asked, story(result)
    assert {d.casefold() for d in asked} == {"saturday"}, story(result)
    answer = answer_of(result)
    assert 4 in numbers(answer) or re.search(r"\bfour\b", answer, re.I), story(result)


async def edit_cinema_discount(model):
    """price_with_tax is now ticket_price(full_price, discount_percent)."""

    @tool(risk=Risk.LOW)
    async def ticket_price(full_price: float, discount_percent: float) -> float:
        """The price of a cinema ticket after a discount."""
        return round(full_price * (1 - discount_percent / 100), 2)

    reply = await model.ask(
        "Students get 15 percent off. What is a ticket of 12 euros then?", tools=[ticket_price]
    )
    assert len(reply.calls) == 1, reply
    assert json.loads(reply.calls[0].arguments) == {"full_price": 12, "discount_percent": 15}, reply


async def edit_choir_concert_plan(model):
    """A plan-like schema: rehearsals called jobs, with 'after'."""

    class Job(BaseModel):
        label: str
        what: str
        after: list[str] = Field(
            description="Labels of the jobs that must be done before this one."
        )

    class Concert(BaseModel):
        jobs: list[Job] = Field(min_length=3)

    plan = await fill(
        model,
        "Plan the summer concert of our choir: choose the songs, rehearse them, book the church hall and print the programme.",
        Concert,
    )
    labels = [j.label for j in plan.jobs]
    assert len(set(labels)) == len(labels), plan
    assert are_steps([j.what for j in plan.jobs]), plan
    assert is_ordered({j.label: j.after for j in plan.jobs}), plan
    text = " ".join(j.what for j in plan.jobs).casefold()
    for word in ("song", "rehears", "hall", "program"):
        assert word in text, f"{word}: {plan}"
    assert stays_off_topic(text), plan


async def edit_coffee_machine_react_as_text(model):
    """Thought, Action, Action Input, Final Answer are Idea, Press, With, Done."""

    @tool(risk=Risk.LOW)
    async def machine_status(part: str) -> str:
        """The state of one part of the coffee machine: beans, water or grounds."""
        return {
            "beans": "beans: 85 percent",
            "water": "water: 12 percent",
            "grounds": "grounds: 40 percent",
        }.get(part, "no such part")

    tools = Toolbox([machine_status])
    form = (
        "Work in turns. In each turn write\n\nIdea: what you think\nPress: the name of one tool\n"
        "With: its arguments as JSON\n\nand stop; the Outcome will be added for you. "
        "When you know the answer, write instead\n\nIdea: what you think\nDone: the answer\n\nThe tools:\n"
    )
    context = [system(form + tools.menu), user("How full is the water tank of the coffee machine?")]
    for _ in range(5):
        text = (await model.ask(context, stop=["Outcome:"])).text
        if done := re.search(r"Done:\s*(.*)", text, re.S):
            assert len(context) > 2, f"no call: {text}"
            assert 12 in numbers(done[1]), context
            return
        move = re.search(r"Press:\s*(\w+)\s*With:\s*(\{.*\})", text, re.S)
        assert move, text
        seen = await tools.call(move[1], json.loads(move[2]))
        context += [{"role": "assistant", "content": text}, user(f"Outcome: {seen.text}")]
    raise AssertionError(f"never done: {context}")


async def edit_lost_property_critic(model):
    """A critic of a notice says whether it is complete and what is missing."""

    class Review(BaseModel):
        complete: bool
        missing: list[str] = Field(description="What the notice lacks; empty if nothing.")

    rule = "You check lost property notices. A notice must say what was found, where it was found, and a phone number to call. Review this notice:\n\n"
    good = await fill(
        model,
        rule + "Found: a green rucksack, on platform 2 of the bus station. Call 0131 496 0123.",
        Review,
    )
    bad = await fill(
        model, rule + "Found: a green rucksack, on platform 2 of the bus station.", Review
    )
    assert good.complete, (good, bad)
    assert not good.missing, (good, bad)
    assert not bad.complete, bad
    assert re.search("phone|number|call|contact", " ".join(bad.missing), re.I), bad
    assert len(bad.missing) == 1, bad


async def edit_electricity_prompt_prefix(model):
    """A changed system prompt: the answer begins with 'Meter desk:'."""

    @tool(risk=Risk.LOW)
    async def last_reading(meter: str) -> str:
        """The last reading of an electricity meter in kWh."""
        return f"Meter {meter}: 10735 kWh on 30 November"

    messages = [
        system("You work for a power company. Begin every answer with 'Meter desk:'."),
        user("What is the last reading of meter E-77?"),
    ]
    reply = await converse(model, messages, Toolbox([last_reading]))
    assert "E-77" in json.dumps([m.get("tool_calls") for m in messages]), messages
    assert reply.text.strip().startswith("Meter desk:"), reply.text
    assert 10735 in numbers(reply.text), reply.text


async def edit_second_hand_cars_report(model):
    """Research, compare, write: other things, other file tool, a given path."""
    prices = {"Volvo V60": 11900.0, "Skoda Octavia": 9450.0, "Fiat Panda": 4200.0}
    files = {}

    @tool(risk=Risk.LOW)
    async def car_ads(model_name: str) -> list[dict[str, object]]:
        """Advertisements for second-hand cars of one model."""
        return [
            {"car": c, "year": 2016, "price_eur": p}
            for c, p in prices.items()
            if model_name
            and (model_name.casefold() in c.casefold() or c.casefold() in model_name.casefold())
        ]

    result = await react(
        model,
        "Look up the ads for the Volvo V60, the Skoda Octavia and the Fiat Panda, compare the prices and write a short report to cars.md.",
        car_ads,
        write_file(files),
    )
    answer_of(result)
    assert list(files) == ["cars.md"], story(result)
    text = files["cars.md"]
    assert all(c in text and p in numbers(text) for c, p in prices.items()), text


async def edit_marathon_course_plan(model):
    """The course's Plan, for a marathon office's tools."""

    @tool(risk=Risk.LOW)
    async def get_results(race: str, year: int) -> list[dict[str, object]]:
        """The finishing times of a race in one year."""
        return []

    @tool(risk=Risk.MEDIUM)
    async def publish_page(title: str, body: str) -> str:
        """Publish a page on the club's site."""
        return "ok"

    tools = Toolbox([get_results, publish_page])
    plan = await model.fill(
        [
            system(f"You are a planner. The tools:\n{tools.menu}"),
            user(
                "Get the results of the Harbour Marathon of 2023 and of 2024, compare the winning times, and publish a page about it."
            ),
        ],
        Plan,
    )
    used = [s.tool for s in plan.steps if s.tool]
    assert used.count("get_results") == 2, plan
    assert used.count("publish_page") == 1, plan
    assert set(used) == {"get_results", "publish_page"}, plan
    years = sorted(
        int(a.value)
        for s in plan.steps
        if s.tool == "get_results"
        for a in s.arguments
        if a.name == "year"
    )
    races = [
        str(a.value)
        for s in plan.steps
        if s.tool == "get_results"
        for a in s.arguments
        if a.name == "race"
    ]
    assert years == [2023, 2024], plan
    assert len(races) == 2, plan
    assert all("Harbour" in r for r in races), plan
    assert is_ordered({s.id: list(s.needs) for s in plan.steps}), plan
    publish = next(s for s in plan.steps if s.tool == "publish_page")
    assert publish.needs, plan


async def edit_wedding_estimate(model):
    """Lesson 00's Estimate with hours and risks; a small and a big task."""

    class Estimate(BaseModel):
        steps: list[str] = Field(description="What to do, in order.", min_length=1)
        hours: Annotated[float, Field(gt=0)]
        needs_plan: bool

    big = await fill(
        model,
        "Estimate this task: organise a wedding for 120 guests, find a venue, hire a caterer, send the invitations and make the seating chart.",
        Estimate,
    )
    small = await fill(model, "Estimate this task: say what 2 + 2 is.", Estimate)
    assert big.needs_plan, (big, small)
    assert not small.needs_plan, (big, small)
    assert big.hours > small.hours, (big, small)
    assert are_steps(big.steps), big
    text = " ".join(big.steps).casefold()
    assert "venue" in text, big
    assert "invit" in text, big
    assert stays_off_topic(text), big


async def edit_language_course_correction(model):
    """A plan in the context, then a correction of it."""

    @tool(risk=Risk.LOW)
    async def list_teachers(language: str) -> list[str]:
        """The teachers of a language."""
        return ["Ines", "Rui"]

    messages = [
        user(
            "Write a plan, as a numbered list, for a ten-week evening course in Spanish for beginners."
        ),
    ]
    first = await model.ask(messages, tools=[list_teachers], tool_choice="none")
    assert "Spanish" in first.text, first.text
    messages += [
        first.message,
        user("Correction: the course is in Portuguese, not Spanish. Revise the plan."),
    ]
    revised = await model.ask(messages, tools=[list_teachers], tool_choice="none")
    assert "Portuguese" in revised.text, (first.text, "=>", revised.text)
    assert len(re.findall(r"^\s*\d+[.)] ", revised.text, re.M)) >= 2, revised.text
    assert "Spanish" not in revised.text or re.search(
        r"(not|instead of|replac\w+|from|no longer) (the )?Spanish", revised.text
    ), revised.text


async def edit_dentist_calendar_is_down(model):
    """One tool raises, the other knows."""

    @tool(risk=Risk.LOW)
    async def online_calendar(dentist: str) -> str:
        """The next free appointment of a dentist, from the online calendar."""
        raise ConnectionError("calendar server is down")

    @tool(risk=Risk.LOW)
    async def reception_board(dentist: str) -> str:
        """The next free appointment of a dentist, as noted at the reception."""
        return f"{dentist}: Thursday 10:40"

    result = await react(
        model, "When is the next free appointment of Dr Molar?", online_calendar, reception_board
    )
    assert "reception_board" in called(result), story(result)
    answer = answer_of(result)
    assert "10:40" in answer, story(result)
    assert "Thursday" in answer, story(result)
    assert called(result).count("online_calendar") <= 2, story(result)


async def small_edit_ferry_fares(model):
    """The small model with the errand shortened to two fares."""
    fares = {"Arran": 9.2, "Mull": 7.4}

    @tool(risk=Risk.LOW)
    async def ferry_fare(island: str) -> str:
        """The fare of the ferry to an island."""
        return f"The ferry to {island} costs {fares[island]:.2f} pounds."

    result = await react(
        model, "Find the fare to Arran, find the fare to Mull, and report both fares.", ferry_fare
    )
    assert {a["island"] for a in given(result, "ferry_fare")} == set(fares), story(result)
    assert {9.2, 7.4} <= set(numbers(answer_of(result))), story(result)


async def edit_seating_in_exactly_four_steps(model):
    """The prompt sets the number of steps of a Plan-like schema."""

    class Steps(BaseModel):
        steps: list[str]

    plan = await model.fill(
        [
            system("You are a planner. Every plan has exactly four steps."),
            user("Make the seating chart for a wedding with 40 guests."),
        ],
        Steps,
    )
    assert len(plan.steps) == 4, plan
    assert are_steps(plan.steps, least=4), plan
    assert re.search(r"seat|table|guest", " ".join(plan.steps), re.I), plan
    assert stays_off_topic(" ".join(plan.steps)), plan


async def edit_allotment_which_tool(model):
    """No call: the name of the fitting tool only."""

    @tool(risk=Risk.LOW)
    async def waiting_list(name: str) -> int:
        """The place of a person on the waiting list for a plot."""
        return 3

    @tool(risk=Risk.LOW)
    async def report_damage(plot: int, text: str) -> str:
        """Report damage to a fence or a shed of the allotments."""
        return "ok"

    tools = Toolbox([waiting_list, report_damage])
    prompt = f"These are your tools:\n{tools.menu}\n\nThe fence of plot 14 has fallen over and the owner wants us to know. Which tool fits? Answer with the tool's name and nothing else."
    text = await ask(model, prompt)
    assert text.strip("`. \"'") == "report_damage", text


# ---- a bit further


async def edit_extract_car_advertisement(model):
    """An ad becomes a record with a number, an enum and a flag."""

    class Car(BaseModel):
        make: str
        year: int
        mileage_km: int
        fuel: Literal["petrol", "diesel", "electric"]
        price_eur: float
        service_book: bool
        colour: str | None

    text = "For sale: Toyota Yaris from 2017, petrol, 84,500 km on the clock, full service book, one owner. 7,250 euros or nearest offer."
    car = await fill(model, f"Extract the car from this ad:\n\n{text}", Car)
    assert "Toyota" in car.make, car
    assert (car.year, car.mileage_km, car.fuel, car.price_eur) == (2017, 84500, "petrol", 7250), car
    assert car.service_book is True, car
    assert car.colour is None, car


async def edit_classify_lost_property(model):
    """Four finds, four labels."""

    class Find(BaseModel):
        kind: Literal["clothing", "electronics", "keys", "documents"]

    finds = {
        "A woollen scarf with red stripes, left on seat 14.": "clothing",
        "A mobile phone with a cracked screen.": "electronics",
        "A bunch of three keys on a brass ring.": "keys",
        "A passport and a driving licence in a plastic sleeve.": "documents",
    }
    for text, kind in finds.items():
        found = await fill(model, f"Which kind of lost property is this? {text}", Find)
        assert found.kind == kind, (text, found)


async def edit_dentist_patient_id(model):
    """The second tool needs the number that the first one gives."""
    asked = []

    @tool(risk=Risk.LOW)
    async def find_patient(name: str) -> dict[str, str]:
        """Find a patient by name."""
        return {"name": name, "patient_id": "P-3391", "born": "1988"}

    @tool(risk=Risk.LOW)
    async def next_appointment(patient_id: str) -> str:
        """The next appointment of a patient."""
        asked.append(patient_id)
        return "Tuesday 14 January at 9:15, check-up"

    result = await react(
        model,
        "When does Nora Lindqvist have to come to the dentist next?",
        find_patient,
        next_appointment,
    )
    assert "Nora Lindqvist" in str(first_given(result, "find_patient")), story(result)
    assert asked == ["P-3391"], story(result)
    assert "9:15" in answer_of(result), story(result)
    assert "14 January" in answer_of(result), story(result)


async def edit_museum_shop_dozen(model):
    """A price from a tool, then arithmetic with the calculator."""

    @tool(risk=Risk.LOW)
    async def article(name: str) -> dict[str, object]:
        """An article of the museum shop with its price in euros."""
        return {"name": "postcard", "price": 1.35, "stock": 260}

    result = await react(
        model, "What do 12 postcards from the museum shop cost altogether?", article, calculate
    )
    assert "article" in called(result), story(result)
    assert 16.2 in numbers(answer_of(result)), story(result)


async def edit_electricity_bill(model):
    """Two readings and a rate in the goal; only a calculator."""
    goal = "The meter showed 10420 kWh in October and 10735 kWh in November. One kWh costs 0.32 euros. What does the electricity used between the two readings cost?"
    result = await react(model, goal, calculate)
    assert "calculate" in called(result), story(result)
    assert 100.8 in [round(n, 2) for n in numbers(answer_of(result))], story(result)


async def edit_coffee_machine_descale_if_hard(model):
    """A condition, once met and once not."""
    for hardness, starts in ((18, True), (6, False)):
        started = []

        @tool(risk=Risk.LOW)
        async def water_hardness() -> str:
            """Measure the hardness of the water in the coffee machine."""
            return f"{hardness} degrees"

        @tool(risk=Risk.MEDIUM)
        async def start_descaling() -> str:
            """Start the descaling programme of the coffee machine."""
            started.append(True)
            return "descaling has started"

        result = await react(
            model,
            "Measure the water hardness. If it is above 14 degrees, start descaling; otherwise leave the machine alone.",
            water_hardness,
            start_descaling,
        )
        assert called(result)[:1] == ["water_hardness"], story(result)
        assert bool(started) is starts, (hardness, story(result))
        assert len(started) <= 1, (hardness, story(result))
        answer_of(result)


async def edit_cinema_follow_up(model):
    """'And on Sunday?' asks the same of another day."""
    asked = []

    @tool(risk=Risk.LOW)
    async def showtimes(film: str, day: str) -> str:
        """When a film is shown on a day."""
        asked.append((film, day))
        return {"Saturday": "17:30 and 20:15", "Sunday": "11:00 only"}[day]

    tools, messages = Toolbox([showtimes]), [user("When is The Third Man shown on Saturday?")]
    first = await converse(model, messages, tools)
    assert "20:15" in first.text, messages
    messages.append(user("And on Sunday?"))
    second = await converse(model, messages, tools)
    assert [d for _, d in asked] == ["Saturday", "Sunday"], asked
    assert all("Third Man" in f for f, _ in asked), asked
    assert "11:00" in second.text, second.text


async def edit_pet_shop_do_not_reserve(model):
    """A forbidden tool next to the one that answers."""

    @tool(risk=Risk.LOW)
    async def animal_card(name: str) -> dict[str, object]:
        """The card of an animal in the pet shop: kind, age, character."""
        return {"name": name, "kind": "guinea pig", "age_months": 7, "character": "shy"}

    @tool(risk=Risk.HIGH)
    async def reserve_animal(name: str, customer: str) -> str:
        """Reserve an animal for a customer."""
        return "reserved"

    goal = "Mrs Bell is interested in the guinea pig Biscuit. How old is it? Please don't reserve it for her yet."
    result = await react(model, goal, reserve_animal, animal_card)
    assert called(result) == ["animal_card"], story(result)
    assert "Biscuit" in str(first_given(result, "animal_card")["name"]), story(result)
    assert 7 in numbers(answer_of(result)) or "seven" in answer_of(result), story(result)


async def small_edit_meter_reading(model):
    """The small model reads two values out of a sentence."""

    class Reading(BaseModel):
        meter: str
        kwh: int

    reading = await fill(
        model, "Extract the reading: Meter B12 stood at 4831 kWh this morning.", Reading
    )
    assert "B12" in reading.meter, reading
    assert reading.kwh == 4831, reading


async def edit_marathon_podium(model):
    """Times in a text, out of order; the three fastest first."""

    class Runner(BaseModel):
        name: str
        time: str

    class Podium(BaseModel):
        fastest_first: list[Runner] = Field(min_length=3, max_length=3)

    text = "Kipsang Otieno 2:19:40; Marta Ruiz 2:31:05; Jonas Berg 2:17:58; Lea Moreau 2:28:12; Tom Hale 2:44:30."
    podium = await fill(model, f"Who were the three fastest runners? Results: {text}", Podium)
    assert [r.name for r in podium.fastest_first] == [
        "Jonas Berg",
        "Kipsang Otieno",
        "Lea Moreau",
    ], podium
    assert [r.time for r in podium.fastest_first] == ["2:17:58", "2:19:40", "2:28:12"], podium


async def edit_language_lesson_minutes(model):
    """A word problem without tools; only the number."""
    text = await ask(
        model,
        "In May Anna took 3 Italian lessons of 45 minutes and 2 lessons of 60 minutes. How many minutes is that in all? Answer with the number only.",
    )
    assert re.fullmatch(r"255( minutes)?\.?", text), text


async def edit_wedding_tables(model):
    """Six guests at two tables, two of whom must be apart."""

    class Table(BaseModel):
        number: int
        guests: list[str]

    class Seating(BaseModel):
        tables: list[Table]

    guests = ["Ada", "Bruno", "Carla", "Dmitri", "Elsa", "Farid"]
    seating = await fill(
        model,
        f"Seat these six wedding guests at two tables of three: {', '.join(guests)}. Ada and Bruno must not sit at the same table.",
        Seating,
    )
    assert [len(t.guests) for t in seating.tables] == [3, 3], seating
    assert sorted(g for t in seating.tables for g in t.guests) == guests, seating
    assert not any({"Ada", "Bruno"} <= set(t.guests) for t in seating.tables), seating


async def edit_ferry_booking(model):
    """Five typed arguments out of one sentence."""
    booked = []

    @tool(risk=Risk.MEDIUM)
    async def book_crossing(
        origin: str, destination: str, day: date, adults: int, children: int, with_car: bool
    ) -> str:
        """Book a ferry crossing."""
        booked.append((origin, destination, day, adults, children, with_car))
        return "booked: FX-204"

    result = await react(
        model,
        "Book the ferry from Oban to Craignure on 14 June 2025 for 2 adults and 3 children, without a car.",
        book_crossing,
    )
    assert booked == [("Oban", "Craignure", date(2025, 6, 14), 2, 3, False)], story(result)
    assert "FX-204" in answer_of(result), story(result)


async def edit_allotment_minutes_as_bullets(model):
    """Three bullet points out of minutes."""
    text = (
        "The committee of the Hillside allotments met on Monday. The rent rises to 48 pounds a year from April. "
        "The water will be turned off from November to March. Plots 3 and 9 are free and go to the waiting list. "
        "Tea was served by Olive."
    )
    lines = [
        line
        for line in (
            await ask(
                model,
                f"Summarise these minutes in exactly three bullet points, each beginning with '- ':\n\n{text}",
            )
        ).splitlines()
        if line.strip()
    ]
    assert len(lines) == 3, lines
    assert all(line.startswith("- ") for line in lines), lines
    joined = " ".join(lines)
    assert (
        sum(bool(re.search(w, joined)) for w in ("48", "[Ww]ater", r"[Pp]lots? 3|waiting list"))
        >= 2
    ), lines


async def edit_choir_longest_member(model):
    """The smallest year in a table, and a filter by voice."""

    @tool(risk=Risk.LOW)
    async def members() -> list[dict[str, object]]:
        """All members of the choir with voice and year of joining."""
        rows = [
            ("Hugo", "bass", 2001),
            ("Wilma", "alto", 2015),
            ("Sanna", "alto", 2008),
            ("Petra", "soprano", 2003),
            ("Ruth", "alto", 2019),
        ]
        return [{"name": n, "voice": v, "joined": y} for n, v, y in rows]

    result = await react(model, "Which alto of our choir has been a member the longest?", members)
    answer = answer_of(result)
    assert "members" in called(result), story(result)
    assert "Sanna" in answer, story(result)
    assert not any(n in answer for n in ("Hugo", "Petra")), story(result)
