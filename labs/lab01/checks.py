"""Lab 01: what the loop, the meter and the drift detector must do, whatever they are given."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from random import Random

from planlab import Risk, tool
from planlab.grading import Broken, Lab, Probe, Question, Served, calls, says
from planlab.tokens import count_tokens
from planlab.tools import Tool

lab = Lab(
    "lab01",
    "The loop, the meter, the drift",
    questions=(
        Question("loop", 6, "1.1 The loop"),
        Question("meter", 6, "1.2 The meter"),
        Question("drift", 5, "1.3 The drift detector"),
        Question("explain", 3, "1.4 Explain a lost run", manual=True),
    ),
    withheld=("planlab.patterns.react",),
)

Message = Mapping[str, object]

# Six letters at most: each word is one token.
WORDS = [
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "hazel", "inlet", "jetty"),
    *("knoll", "larch", "maple", "north", "ochre", "pearl", "quill", "ridge", "slate", "tulip"),
    *("umber", "vivid", "wharf", "yacht", "zebra"),
]


# 1.1 The loop


@tool(risk=Risk.LOW)
async def look_up(key: str) -> str:
    """What the note of this key says."""
    raise KeyError(key)


def shelf(notes: Mapping[str, str]) -> Tool:
    """The tool, with these notes; it raises for any other key."""

    async def run(key: str) -> str:
        return notes[key]

    return replace(look_up, run=run)


async def run(
    probe: Probe, model: Served, tools: Served, max_turns: int = 6
) -> tuple[object, object, list[dict[str, object]]]:
    """What the learner's loop returns for a goal that does not matter here."""
    goal = f"Find out what the notes say about {probe.rng.choice(WORDS)}."
    returned = await probe.call("run_loop", goal, model, tools, max_turns=max_turns)
    match returned:
        case [answer, stop, [*messages]]:
            return answer, stop, messages
    raise Broken("it returns three things: the answer, why it stopped, and the list of messages")


def observations(probe: Probe, before: Sequence[Message], after: Sequence[Message]) -> list[str]:
    """What the calls between two requests were told, in the order of the calls."""
    probe.expect(
        list(after[: len(before)]) == list(before),
        "what was in one request must stand unchanged at the beginning of the next",
    )
    added = after[len(before) :]
    asked = [call["id"] for m in added for call in m.get("tool_calls") or ()]
    told = [(m.get("tool_call_id"), m.get("content")) for m in added if m["role"] == "tool"]
    probe.expect(asked, "the model's reply, with its calls, must be in the next request")
    probe.expect(
        sorted(asked) == sorted(id for id, _ in told),
        "each call needs one observation in the next request, under the call's own id",
    )
    return [dict(told)[id] for id in asked]


def turns_of(probe: Probe, model: Served) -> Iterator[list[str]]:
    """The observations of each turn, as the next request shows them."""
    for before, after in pairwise(model.requests):
        yield observations(probe, before["messages"], after["messages"])


@lab.property("loop", 1, 'it returns the answer and "answered", after calls or without any')
async def returns_the_answer(probe: Probe) -> None:
    key, note, other = probe.rng.sample(WORDS, 3)
    first = replace(calls(("look_up", {"key": key})), text="Let me look that up.")
    for lines, text in (([first], f"The note says {note}."), ([], f"No need to look: {other}.")):
        model = probe.model(*lines, says(text))
        answer, stop, messages = await run(probe, model, probe.tools(shelf({key: note})))
        probe.equal(answer, text, "the answer is the model's text once it makes no more calls")
        probe.equal(stop, "answered", "the reason is 'answered' where there is an answer")
        probe.expect(
            messages[:-1] == model.requests[-1]["messages"]
            and (messages[-1]["role"], messages[-1]["content"]) == ("assistant", text),
            "the messages end with the model's last reply, after all that it was sent",
        )


@lab.property("loop", 1, "the next request holds every call's observation, with the call's id")
async def puts_observations_back(probe: Probe) -> None:
    keys = probe.rng.sample(WORDS, 3)
    notes = dict(zip(keys, probe.rng.sample(WORDS, 3), strict=True))
    model = probe.model(calls(*(("look_up", {"key": key}) for key in keys)), says("I see."))
    tools = probe.tools(shelf(notes))
    await run(probe, model, tools)
    probe.equal(len(model.requests), 2, "after a turn with calls, the model is asked again")
    probe.equal(len(tools.calls), 3, "each call of a turn is made once")
    probe.equal(
        [*turns_of(probe, model)],
        [[notes[k] for k in keys]],
        "an observation is not its call's own",
    )


@lab.property("loop", 1, 'it asks max_turns times at most, then returns None and "rounds"')
async def is_bounded(probe: Probe) -> None:
    key, note = probe.rng.sample(WORDS, 2)
    max_turns = probe.rng.randint(2, 3)
    look = replace(calls(("look_up", {"key": key})), text="Let me look again.")
    # It answers in the end: a loop without a bound is to be found out, not waited for.
    model = probe.model(*[look] * (max_turns + 3), says(note))
    answer, stop, _ = await run(probe, model, probe.tools(shelf({key: note})), max_turns)
    probe.equal(len(model.requests), max_turns, "the number of requests is not max_turns")
    probe.equal((answer, stop), (None, "rounds"), "a loop that ran out of turns has no answer")


@lab.property("loop", 1, "an unknown tool and broken JSON are observations, and the run goes on")
async def survives_bad_calls(probe: Probe) -> None:
    key, note, unknown = probe.rng.sample(WORDS, 3)
    good = ("look_up", {"key": key})
    model = probe.model(calls(good, (unknown, {"key": key})), calls(good), says(note),
                        faults="malformed_json@2")  # fmt: skip
    tools = probe.tools(shelf({key: note}))
    answer, stop, _ = await run(probe, model, tools)
    probe.equal(len(model.requests), 3, "a bad call must not end the run: the model is asked again")
    (found, missing), (broken,) = turns_of(probe, model)
    probe.equal(found, note, "one bad call of a turn must not cost the others their result")
    probe.expect(
        unknown in missing and "Error" in missing, "the model must read which tool is not there"
    )
    probe.expect(
        broken.startswith("Error"), "broken JSON needs an observation that begins with 'Error'"
    )
    probe.equal(len(tools.calls), 1, "a call whose JSON is broken is not made")
    probe.equal((answer, stop), (note, "answered"), "the run goes on to its answer")


# 1.2 The meter


def text(rng: Random, tokens: int) -> str:
    """A text of so many tokens."""
    return " ".join(rng.choices(WORDS, k=tokens))


def call(number: int, name: str, **arguments: object) -> dict[str, object]:
    """A tool call, as it stands in an assistant's message."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": f"call_{number}", "type": "function", "function": function}


def acts(*made: dict[str, object], text: str | None = None) -> dict[str, object]:
    """An assistant's message that makes these calls."""
    return {"role": "assistant", "content": text, "tool_calls": list(made)}


def observes(number: int, content: str) -> dict[str, object]:
    """What came of a call."""
    return {"role": "tool", "tool_call_id": f"call_{number}", "content": content}


async def read_meter(probe: Probe, messages: list[Message], turns: int) -> list[dict[str, int]]:
    """The learner's rows, one for each turn."""
    rows = await probe.call("meter", messages)
    probe.expect(isinstance(rows, list), "it returns a list with a row for each turn")
    probe.equal([row["turn"] for row in rows], [*range(1, turns + 1)], "turns are counted from 1")
    return rows


def talk(rng: Random, turns: int) -> tuple[list[dict[str, object]], list[int]]:
    """Messages without calls, the user's and the assistant's in turn, and their tokens."""
    sizes = [rng.randint(1, 9) for _ in range(2 * turns)]
    roles = ("user", "assistant") * turns
    messages = [{"role": r, "content": text(rng, n)} for r, n in zip(roles, sizes, strict=True)]
    return messages, sizes


@lab.property("meter", 1, "a prompt is all that stands before the reply, in every turn again")
async def meters_prompts(probe: Probe) -> None:
    turns = probe.rng.randint(3, 5)
    messages, sizes = talk(probe.rng, turns)
    rows = await read_meter(probe, messages, turns)
    before = [*accumulate(sizes, initial=0)]
    probe.equal([row["prompt"] for row in rows], before[1:-1:2], "the prompts are not right")


@lab.property("meter", 1, "a reply costs its text and its calls, and no text costs nothing")
async def meters_calls(probe: Probe) -> None:
    rng, key = probe.rng, " ".join(probe.rng.sample(WORDS, probe.rng.randint(1, 4)))
    made, size = call(1, "look_up", key=key), rng.randint(1, 5)
    messages = [{"role": "user", "content": text(rng, 3)}, acts(made), observes(1, text(rng, 4)),
                acts(made, text=text(rng, size)), observes(1, "ochre")]  # fmt: skip
    rows = await read_meter(probe, messages, 2)
    cost = count_tokens("look_up") + count_tokens(made["function"]["arguments"])
    probe.equal([row["output"] for row in rows], [cost, size + cost], "the outputs are not right")


@lab.property("meter", 1, "what has been paid adds up prompts and outputs over the turns")
async def meters_what_is_paid(probe: Probe) -> None:
    turns = probe.rng.randint(3, 5)
    messages, sizes = talk(probe.rng, turns)
    rows = await read_meter(probe, messages, turns)
    probe.equal([row["output"] for row in rows], sizes[1::2], "the outputs are not right")
    due = [*accumulate(row["prompt"] + row["output"] for row in rows)]
    probe.equal([row["paid"] for row in rows], due, "paid is not the sum of your own rows so far")


# 1.3 The drift detector


def errand(rng: Random) -> tuple[dict[str, str], list[str], list[str]]:
    """Tasks with their marks, the marks, and words that serve no task."""
    words = rng.sample(WORDS, 9)
    marks = [f"{word} {rng.randint(10, 99)}" for word in words[:4]]
    return {f"find out about {mark}": mark for mark in marks}, marks, words[4:]


def thoughts(rng: Random) -> list[dict[str, object]]:
    """A run's beginning, with turns that make no call: so no verdict has a fixed place."""
    thinks = [{"role": "assistant", "content": text(rng, 3)} for _ in range(rng.randint(1, 20))]
    return [{"role": "user", "content": "Do the errand."}, *thinks]


def told(
    before: list[dict[str, object]], *turns: tuple[dict[str, object], str]
) -> list[dict[str, object]]:
    """The messages of a run with one call a turn, given with what came of it."""
    messages = list(before)
    for made, observation in turns:
        messages += [acts(made), {**observes(0, observation), "tool_call_id": made["id"]}]
    return [*messages, {"role": "assistant", "content": "Done."}]


@lab.property("drift", 1, "a turn whose calls serve no task is stray, and only such a turn")
async def finds_strays(probe: Probe) -> None:
    tasks, marks, others = errand(probe.rng)
    queries = [*marks, *others[:2]]
    probe.rng.shuffle(queries)
    before = thoughts(probe.rng)
    turns = [(call(n, "look_up", query=f"about {q}"), "found") for n, q in enumerate(queries)]
    stray = {n: "stray" for n, query in enumerate(queries, len(before)) if query in others}
    drift = await probe.call("find_drift", told(before, *turns), tasks)
    probe.equal(drift, stray, "the stray turns are not these")


@lab.property(
    "drift", 1, "a turn that only does again what was done is a repeat, and nothing after"
)
async def finds_repeats(probe: Probe) -> None:
    tasks, marks, _ = errand(probe.rng)
    again = probe.rng.choice(marks[:3])
    queries = [*marks[:3], again, marks[3], again]
    before = thoughts(probe.rng)
    turns = [(call(n, "look_up", query=query), "found") for n, query in enumerate(queries)]
    drift = await probe.call("find_drift", told(before, *turns), tasks)
    wanted = {len(before) + 3: "repeat", len(before) + 5: "repeat"}
    probe.equal(drift, wanted, "the repeats are not these")


@lab.property("drift", 1, "trying again after an error is no drift, nor is a turn without calls")
async def allows_a_second_try(probe: Probe) -> None:
    tasks, marks, _ = errand(probe.rng)
    first, second = probe.rng.sample(marks, 2)
    failed = "Error: look_up: the line is down; it may work again."
    turns = [
        (first, failed),
        (second, "found"),
        (first, failed),
        (first, "found"),
        (first, "found"),
    ]
    made = [(call(n, "look_up", query=query), seen) for n, (query, seen) in enumerate(turns)]
    before = thoughts(probe.rng)
    drift = await probe.call("find_drift", told(before, *made), tasks)
    wanted = {len(before) + 4: "repeat"}
    probe.equal(drift, wanted, "only the call that had worked before is a repeat")
