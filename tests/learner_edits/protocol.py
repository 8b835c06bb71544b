"""ReAct as text in other forms, and the options of a call."""

import json
import re

from learner_edits.common import (
    FACTS,
    RESEARCH,
    ask,
    calculate,
    names_money,
    names_prices,
    numbers,
    user,
    web_search,
)
from planlab.model import Model
from planlab.toolbox import Toolbox

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
