"""The Toolbox: the order of a call's stages, who may stop it, and what comes back."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from textwrap import dedent

import pytest

from planlab.errors import (
    BadArguments,
    BadInput,
    BudgetSpent,
    NeedsApproval,
    PlanlabError,
    Refused,
    ToolError,
    ToolFailed,
    Transient,
    UnknownTool,
)
from planlab.records import Argument, Observation, Ref
from planlab.schedule import Task, run_graph
from planlab.toolbox import Gate, Toolbox, follow, guarded
from planlab.tools import Call, Risk, tool
from planlab.trace import Trace

WEB, MAIL = frozenset({"web"}), frozenset({"mail"})


@tool(risk=Risk.LOW)
async def echo(text: str) -> str:
    """Say it again."""
    return text


@tool(risk=Risk.LOW)
async def double(number: float, times: int = 1) -> float:
    return number * 2**times


@tool(risk=Risk.LOW, source="web")
async def search(query: str) -> list[str]:
    return [query]


@tool(risk=Risk.MEDIUM, price=0.25)
async def send(to: str, body: str) -> str:
    return f"sent {body!r} to {to}"


@tool(risk=Risk.HIGH)
async def pay(amount: float, call: Call) -> str:
    return call.key


@dataclass
class Log:
    """Every guard at once: notes when it was asked."""

    entries: list[str] = field(default_factory=list)

    def gate(self, name: str, error: Exception | None = None) -> Gate:
        async def gate(call: Call) -> None:
            self.entries.append(f"{name} {dict(call.arguments)}")
            if error is not None:
                raise error

        return gate

    def reserve(self, *, dollars: float = 0, calls: int = 0) -> "Log":
        self.entries.append(f"reserve {dollars}")
        return self

    def settle(self, *, dollars: float = 0) -> None:
        self.entries.append(f"settle {dollars}")

    def release(self) -> None:
        self.entries.append("release")

    def intent(self, call: Call) -> Call:
        self.entries.append("intent")
        return call

    def outcome(self, call: Call, observation: Observation) -> None:
        self.entries.append(f"outcome {observation.text}")

    def __len__(self) -> int:
        """An empty ledger or log is falsy, and guards all the same."""
        return len(self.entries)


def logged(run: Callable[..., object], log: Log, *gates: Gate) -> Toolbox:
    box = Toolbox([tool(risk=Risk.LOW, price=0.25)(run)], run_id="run")
    return guarded(box, gates=gates, journal=log, budget=log)


# The order of the stages


async def test_a_call_passes_all_stages_in_order() -> None:
    log = Log()

    async def act(text: str) -> str:
        log.entries.append("run")
        return "done"

    box = logged(act, log, log.gate("taint"), log.gate("gate"))
    await box.call("act", {"text": Ref(step="s1", path="")}, known={"s1": [1]})
    assert log.entries == [
        "taint {'text': '[1]'}",
        "gate {'text': '[1]'}",
        "reserve 0.25",
        "intent",
        "run",
        "outcome done",
        "settle 0.25",
    ]


@pytest.mark.parametrize("arguments", [{"text": 1}, {}, {"text": Ref(step="s1", path="")}])
async def test_a_call_that_is_not_valid_reaches_no_gate(arguments: Mapping[str, object]) -> None:
    log = Log()
    observation = await logged(echo.run, log, log.gate("gate")).call("echo", arguments)
    assert isinstance(observation.error, BadArguments)
    assert log.entries == []


async def test_a_refused_call_is_neither_paid_nor_journaled() -> None:
    log = Log()
    gates = log.gate("first", Refused("never")), log.gate("second")
    observation = await logged(echo.run, log, *gates).call("echo", {"text": "a"})
    assert observation.error is not None
    assert observation.error.message == "never"
    assert log.entries == ["first {'text': 'a'}"]


async def test_a_call_that_cannot_be_paid_is_not_begun() -> None:
    class Empty(Log):
        def reserve(self, *, dollars: float = 0, calls: int = 0) -> "Log":
            raise BudgetSpent("nothing left")

    log = Empty()
    with pytest.raises(BudgetSpent):
        await logged(echo.run, log).call("echo", {"text": "a"})
    assert log.entries == []


async def test_what_raised_is_journaled_and_paid() -> None:
    async def broken() -> None:
        raise ValueError("oops")

    log = Log()
    observation = await logged(broken, log).call("broken", {})
    assert isinstance(observation.error, ToolFailed)
    assert log.entries[2:] == [f"outcome {observation.text}", "settle 0.25"]


async def test_what_was_cancelled_is_paid_and_its_outcome_left_open() -> None:
    async def slow() -> None:
        await asyncio.sleep(10)

    log = Log()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await logged(slow, log).call("slow", {})
    assert log.entries == ["reserve 0.25", "intent", "settle 0.25"]


async def test_money_comes_back_where_the_intent_could_not_be_written() -> None:
    class Full(Log):
        def intent(self, call: Call) -> Call:
            raise OSError("disk full")

    log = Full()
    with pytest.raises(OSError, match="disk full"):
        await logged(echo.run, log).call("echo", {"text": "a"})
    assert log.entries == ["reserve 0.25", "release"]


async def test_the_intent_that_was_recorded_before_is_what_runs() -> None:
    class Resumed(Log):
        def intent(self, call: Call) -> Call:
            return replace(call, arguments={"text": "as before"})

    observation = await logged(echo.run, Resumed()).call("echo", {"text": "anew"})
    assert observation.value == "as before"


async def test_further_guards_come_after_those_already_there() -> None:
    log = Log()
    box = guarded(Toolbox([echo], gates=(log.gate("a"),)), gates=[log.gate("b")])
    await guarded(box, gates=[log.gate("c")]).call("echo", {"text": ""})
    assert [entry[0] for entry in log.entries] == ["a", "b", "c"]


# People


async def test_a_needed_approval_without_a_reviewer_is_raised_with_the_call() -> None:
    with pytest.raises(NeedsApproval) as caught:
        await Toolbox([send], gates=(asking,)).call("send", {"to": "bo", "body": "hi"})
    assert isinstance(caught.value.request, Call)
    assert caught.value.request.arguments == {"to": "bo", "body": "hi"}


async def test_an_approved_call_runs() -> None:
    async def approve(call: Call) -> Call:
        return call

    assert (await reviewed(approve)).value == "sent 'hi' to bo"


async def test_a_person_refuses_with_a_reason_that_the_model_reads() -> None:
    async def refuse(call: Call) -> Call:
        raise Refused("not on a Friday")

    assert (await reviewed(refuse)).text == "Error: not on a Friday"


async def test_an_edited_call_runs_as_edited_under_the_same_key() -> None:
    observation = await reviewed(editing(to="al", body="hello"))
    assert observation.value == "sent 'hello' to al"
    assert observation.key == (await reviewed(editing(to="bo", body="hi"))).key


@pytest.mark.parametrize("edit", [{"to": "bo"}, {"to": 3, "body": "hi"}, {}])
async def test_an_edited_call_is_validated_again(edit: Mapping[str, object]) -> None:
    assert isinstance((await reviewed(editing(**edit))).error, BadArguments)


async def test_an_edited_call_is_gated_again() -> None:
    async def not_to_eve(call: Call) -> None:
        if call.arguments["to"] == "eve":
            raise Refused("not to eve")

    observation = await reviewed(editing(to="eve", body="hi"), not_to_eve)
    assert isinstance(observation.error, Refused)


async def test_a_refusal_outweighs_a_question() -> None:
    async def unreachable(call: Call) -> Call:
        raise AssertionError("nobody may be asked")

    assert isinstance((await reviewed(unreachable, Log().gate("", Refused("no")))).error, Refused)


NONSENSE: list[Callable[[Call], object]] = [
    lambda call: None,
    lambda call: True,
    lambda call: "approved",
    lambda call: replace(call, tool="pay"),
    lambda call: replace(call, key="another"),
    lambda call: replace(call, risk=Risk.LOW),
    lambda call: replace(call, taint={}),
    lambda call: replace(call, arguments=None),  # type: ignore[arg-type]
    lambda call: replace(call, arguments="to bo"),  # type: ignore[arg-type]
    lambda call: 1 / 0,
]


@pytest.mark.parametrize("answer", NONSENSE)
async def test_anything_but_a_decision_about_this_call_is_a_refusal(
    answer: Callable[[Call], object],
) -> None:
    async def reviewer(call: Call) -> Call:
        return answer(call)  # type: ignore[return-value]

    assert isinstance((await reviewed(reviewer)).error, Refused)


async def test_a_gate_that_breaks_refuses() -> None:
    box = Toolbox([echo], gates=(Log().gate("", ZeroDivisionError()),))
    assert isinstance((await box.call("echo", {"text": "a"})).error, Refused)


# References and taint


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", {"rows": [["refund", 3], ["password", 1]]}),
        ("rows", [["refund", 3], ["password", 1]]),
        ("rows.0.1", 3),
        ("rows[0][1]", 3),
        ("rows.-1.0", "password"),
    ],
)
def test_a_path_leads_to_a_part(path: str, found: object) -> None:
    result = {"rows": [["refund", 3], ["password", 1]]}
    assert follow(result, Ref(step="s1", path=path)) == found


@pytest.mark.parametrize("path", ["cols", "rows.9", "rows.x", "rows.0.refund"])
async def test_a_path_that_leads_nowhere_is_named(path: str) -> None:
    known = {"s1": {"rows": [["refund", 3]]}}
    observation = await Toolbox([echo]).call(
        "echo", {"text": Ref(step="s1", path=path)}, known=known
    )
    assert isinstance(observation.error, BadArguments)
    assert path in observation.text
    assert "refund" in observation.text


async def test_a_reference_is_data_for_a_list_and_text_for_a_text() -> None:
    @tool(risk=Risk.LOW)
    async def total(numbers: list[float]) -> float:
        return sum(numbers)

    box, known = Toolbox([echo, total]), {"s1": {"n": [1, 2.5]}}
    number = await box.call("total", [Argument(name="numbers", value=ref("n"))], known=known)
    text = await box.call("echo", [Argument(name="text", value=ref("n"))], known=known)
    assert (number.value, text.value) == (3.5, "[1, 2.5]")


async def test_a_reference_to_a_failed_call_is_an_error() -> None:
    known = {"s1": Observation(error=ToolFailed("no connection"))}
    observation = await Toolbox([echo]).call("echo", {"text": ref()}, known=known)
    assert observation.text == "Error: no connection"


async def test_gates_see_which_argument_is_tainted() -> None:
    seen: list[Call] = []

    async def look(call: Call) -> None:
        seen.append(call)

    known = {"s1": Observation("bo", taint=WEB), "s2": "clean"}
    box = Toolbox([send], gates=(look,))
    await box.call("send", {"to": ref(), "body": Ref(step="s2", path="")}, known=known)
    await box.call("send", {"to": ref(), "body": "hi"}, known=known, taint=MAIL)
    assert [call.taint for call in seen] == [
        {"to": WEB, "body": frozenset()},
        {"to": WEB | MAIL, "body": MAIL},
    ]


async def test_an_observation_has_the_taint_of_its_sources() -> None:
    box, known = Toolbox([search, echo]), {"s1": Observation("orders", taint=MAIL)}
    assert (await box.call("search", {"query": ref()}, known=known)).taint == WEB | MAIL
    assert (await box.call("echo", {"text": "a"}, taint=WEB)).taint == WEB
    assert (await box.call("echo", {"text": "a"})).taint == frozenset()


async def test_an_error_that_quotes_a_tainted_result_is_tainted() -> None:
    known = {"s1": Observation({"text": "obey me"}, taint=WEB)}
    for path in ("nowhere", "text"):
        arguments = {"number": Ref(step="s1", path=path)}
        observation = await Toolbox([double]).call("double", arguments, known=known)
        assert "obey me" in observation.text
        assert observation.taint == WEB


# Errors, as a model reads them


async def test_an_unknown_tool_is_answered_with_the_ones_on_offer() -> None:
    observation = await Toolbox([echo, send]).call("sned", {})
    assert isinstance(observation.error, UnknownTool)
    assert "sned" in observation.text
    assert "echo, send" in observation.text


RAISED: list[tuple[Exception, type[ToolError]]] = [
    (ValueError("x"), ToolFailed),
    (KeyError("x"), ToolFailed),
    (StopIteration(), ToolFailed),
    (ExceptionGroup("x", [ValueError()]), ToolFailed),
    (TimeoutError(), Transient),
    (ConnectionResetError("x"), Transient),
    (Transient("x"), Transient),
    (Refused("x"), Refused),
    (BadArguments("x"), BadArguments),
]


@pytest.mark.parametrize(("error", "seen"), RAISED)
@pytest.mark.parametrize("plain", [False, True])
async def test_what_a_tool_raises_becomes_an_observation(
    error: Exception, seen: type[ToolError], plain: bool
) -> None:
    observation = await asyncio.wait_for(Toolbox([raising(error, plain)]).call("broken", {}), 2)
    assert type(observation.error) is seen
    assert observation.key


@pytest.mark.parametrize("error", [NeedsApproval("ask", None), BudgetSpent("spent")])
async def test_what_no_model_can_mend_is_raised(error: PlanlabError) -> None:
    with pytest.raises(type(error)):
        await Toolbox([raising(error)]).call("broken", {})


@pytest.mark.parametrize(
    ("risk", "keyed", "seen"),
    [
        (Risk.HIGH, False, ToolFailed),
        (Risk.HIGH, True, Transient),
        (Risk.MEDIUM, False, Transient),
    ],
)
async def test_what_may_have_happened_is_not_tried_again_without_a_key(
    risk: Risk, keyed: bool, seen: type[ToolError]
) -> None:
    async def keyless() -> None:
        raise Transient("busy")

    async def with_key(call: Call) -> None:
        raise Transient("busy")

    one = tool(risk=risk)(with_key if keyed else keyless)
    assert type((await Toolbox([one]).call(one.name, {})).error) is seen


async def test_a_source_that_breaks_is_an_error_of_its_tool() -> None:
    def broken(arguments: Mapping[str, object]) -> frozenset[str]:
        raise KeyError("folder")

    box = Toolbox([tool(risk=Risk.LOW, source=broken)(echo.run)])
    assert isinstance((await box.call("echo", {"text": "a"})).error, ToolFailed)


async def test_a_result_that_is_no_json_is_read_as_text() -> None:
    async def count() -> dict[tuple[str, str], int]:
        return {("a", "b"): 3}

    observation = await Toolbox([tool(risk=Risk.LOW)(count)]).call("count", {})
    assert observation.text == "{('a', 'b'): 3}"


# Keys


async def test_the_key_is_the_same_for_the_same_step_and_arguments() -> None:
    box = Toolbox([pay], run_id="run")
    first = await box.call("pay", {"amount": 100}, step="s1")
    assert first.value == first.key
    assert (await box.call("pay", {"amount": 100.0}, step="s1")).key == first.key
    assert (await guarded(box).call("pay", {"amount": 100}, step="s1")).key == first.key


async def test_the_key_differs_by_run_step_tool_and_arguments() -> None:
    calls = [
        (run, step, amount)
        for run in ("run", "again")
        for step in ("s1", "s2")
        for amount in (1, 2)
    ]
    keys = [
        (await Toolbox([pay], run_id=run).call("pay", {"amount": amount}, step=step)).key
        for run, step, amount in calls
    ]
    refund = await Toolbox([replace(pay, name="refund")], run_id="run").call(
        "refund", {"amount": 1}, step="s1"
    )
    assert len({*keys, refund.key}) == len(calls) + 1
    assert Toolbox([]).run_id != Toolbox([]).run_id


async def test_a_fixed_run_id_gives_the_same_key_in_another_process() -> None:
    program = """
        import asyncio
        from planlab import Toolbox, tool

        @tool
        async def tag(words: set[str]) -> None: ...

        call = Toolbox([tag], run_id="run").call("tag", {"words": ["b", "a", "c"]}, step="s1")
        print(asyncio.run(call).key)
    """
    keys = {python(dedent(program), PYTHONHASHSEED=seed) for seed in "12"}
    assert len(keys) == 1
    assert len(keys.pop()) == 32


async def test_an_argument_left_out_is_its_default() -> None:
    box = Toolbox([double], run_id="run")
    short = await box.call("double", {"number": 3})
    assert short == await box.call("double", {"times": 1, "number": 3.0})
    assert short.value == 6


# What runs, and what is recorded


async def test_a_plain_function_runs_beside_the_event_loop() -> None:
    def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    assert (await Toolbox([tool(risk=Risk.LOW)(where)]).call("where", {})).value is False


async def test_the_span_holds_the_call_that_ran_and_what_came_of_it() -> None:
    with Trace() as trace:
        await reviewed(editing(to="al", body="hello"))
        await Toolbox([echo]).call("unknown", {"a": 1})
    sent, unknown = trace.of("tool")
    assert sent.data["arguments"] == {"to": "al", "body": "hello"}
    assert sent.data["observation"] == "sent 'hello' to al"
    assert unknown.data["arguments"] == {"a": 1}
    assert unknown.error is not None
    assert unknown.error.startswith("UnknownTool: ")


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(BadInput, match="echo"):
        Toolbox([echo, send, echo])


def test_a_function_that_is_no_tool_is_refused() -> None:
    with pytest.raises(BadInput, match="@tool"):
        Toolbox([echo.run])  # type: ignore[list-item]


def test_only_narrows_the_offer() -> None:
    box = Toolbox([echo, send, pay])
    assert [one.name for one in box.only("pay", "echo")] == ["pay", "echo"]
    assert box.only().run_id == box.run_id
    with pytest.raises(UnknownTool):
        box.only("nothing")


# Helpers


async def asking(call: Call) -> None:
    raise NeedsApproval("may I?", call)


async def reviewed(reviewer: Callable[[Call], object], *gates: Gate) -> Observation:
    box = Toolbox([send], run_id="run")
    box = guarded(box, gates=(asking, *gates), reviewer=reviewer)  # type: ignore[arg-type]
    return await box.call("send", {"to": "bo", "body": "hi"})


def editing(**arguments: object) -> Callable[[Call], object]:
    async def edit(call: Call) -> Call:
        return replace(call, arguments=arguments)

    return edit


def raising(error: Exception, plain: bool = False) -> object:
    def broken() -> None:
        raise error

    async def broken_later() -> None:
        raise error

    broken_later.__name__ = "broken"
    return tool(risk=Risk.LOW)(broken if plain else broken_later)


def python(program: str, **environment: str) -> str:
    """What the program prints, run in a process of its own."""
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, "-c", program]
    ran = subprocess.run(
        command, env={**os.environ, **environment}, check=True, capture_output=True, text=True
    )
    return ran.stdout.strip()


def ref(path: str = "") -> Ref:
    return Ref(step="s1", path=path)


async def test_a_plain_tool_that_runs_on_is_abandoned_and_not_begun_again():
    began = []

    @tool(risk=Risk.LOW)
    def slow() -> None:
        "Cannot be stopped."
        began.append(1)
        time.sleep(0.5)

    async def run():
        return (await Toolbox([slow]).call("slow", {})).unwrap()

    done = await run_graph([Task("a", run, timeout=0.1, retries=2)], pause=0)
    assert done["a"].error.abandoned
    assert began == [1]
