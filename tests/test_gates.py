"""Gates: what goes through, what is asked, what is refused, and what an approval is good for."""

import asyncio
import io
import math
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlab.audit import audit_rows, find_reversible, roll_back
from planlab.calibration import Calibration
from planlab.cost import Budget
from planlab.errors import (
    BadArguments,
    BadFile,
    BadInput,
    BudgetSpent,
    ModelError,
    NeedsApproval,
    NotSaved,
    PlanlabError,
    Refused,
    ToolFailed,
    UnknownTool,
)
from planlab.ledger import Ledger
from planlab.patterns.gates import (
    Above,
    ask_if,
    by_confidence,
    by_risk,
    gated,
    leaves,
    recorded_review,
)
from planlab.patterns.plan_execute import run_plan_execute
from planlab.progress import PLAN
from planlab.records import Argument, Observation, Plan, Ref, Step, Stop
from planlab.reviewing import (
    Approve,
    ConsoleReviewer,
    Edit,
    Person,
    Reject,
    ScriptedReviewer,
    parse_decision,
    render_question,
)
from planlab.schedule import Waiting
from planlab.taint import Leaking, Tainted, marked
from planlab.toolbox import Toolbox, guarded
from planlab.tools import Call, Risk, tool
from planlab.world import open_world
from tests.scripted import says, scripted

WEB, MAIL = frozenset({"web"}), frozenset({"mail"})


def make_tools():
    """A LOW, a MEDIUM and a HIGH tool, and one of no stated risk; and what they did."""
    did = []

    @tool(risk=Risk.LOW)
    async def look(query: str) -> str:
        did.append(("look", query))
        return "seen"

    @tool(risk=Risk.MEDIUM, price=0.2)
    async def order(item: str, amount: float, call: Call) -> str:
        did.append(("order", amount))
        return "ordered"

    @tool(risk=Risk.HIGH, price=0.2)
    async def pay(to: str, amount: float, call: Call) -> str:
        did.append(("pay", to, amount))
        return f"paid {amount:g}"

    @tool
    async def newcomer(text: str) -> str:
        did.append(("newcomer", text))
        return "done"

    return Toolbox([look, order, pay, newcomer], run_id="run"), did


def call(name="pay", risk=Risk.HIGH, key="k", taint=None, **arguments):
    return Call(name, arguments, key, risk, "s1", taint or {})


async def passes(gate, one):
    """Whether the gate lets the call through: 'yes', 'asks' or 'no'."""
    try:
        await gate(one)
    except NeedsApproval:
        return "asks"
    except Refused:
        return "no"
    return "yes"


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger", run_id="run") as done:
        yield done


PAY = {"to": "Birch Bakery", "amount": 126.0}


# ---- by risk


@pytest.mark.parametrize(
    ("risk", "seen"),
    [(Risk.LOW, "yes"), (Risk.MEDIUM, "yes"), (Risk.HIGH, "asks"), (None, "asks"), (0, "asks")],
)
async def test_the_toolboxs_risk_decides_and_what_is_unknown_is_asked(risk, seen):
    assert await passes(by_risk(), call(risk=risk)) == seen


async def test_a_tool_of_no_stated_risk_is_asked_about():
    box, did = make_tools()
    with pytest.raises(NeedsApproval):
        await guarded(box, gates=[by_risk()]).call("newcomer", {"text": "harmless"})
    assert did == []


async def test_the_same_tool_under_another_name_is_as_risky():
    box, did = make_tools()
    alias = replace(box["pay"], name="tip")
    box = guarded(replace(box, tools=[alias]), gates=[by_risk()])
    with pytest.raises(NeedsApproval):
        await box.call("tip", PAY)
    assert did == []


@pytest.mark.parametrize("rule", [leaves("to", "acme.example")])
@pytest.mark.parametrize(
    ("to", "seen"),
    [
        ("lead@acme.example", "yes"),
        ("Lead@ACME.example", "yes"),
        ("eve@evil.example", "asks"),
        ("eve@evil.example,lead@acme.example", "asks"),
        ("eve@evil.example lead@acme.example", "asks"),
        ("lead@acme.example.evil.example", "asks"),
        ("lead@acme.example@evil.example", "asks"),
        ("lead@notacme.example", "asks"),
        ("<eve@evil.example>lead@acme.example", "asks"),
        ("lead@acme.example\n", "asks"),
        ("acme.example", "asks"),
        ("", "asks"),
        (None, "asks"),
    ],
)
async def test_a_rule_raises_the_risk_of_a_recipient_outside(rule, to, seen):
    assert await passes(by_risk(rule), call("draft", Risk.MEDIUM, to=to)) == seen


async def test_a_rule_about_an_argument_that_is_not_there_has_no_reason():
    assert await passes(by_risk(leaves("to", "acme.example")), call("look", Risk.LOW)) == "yes"


async def test_a_rule_that_breaks_refuses():
    def broken(call):
        raise KeyError("amount")

    box, did = make_tools()
    observation = await guarded(box, gates=[ask_if(broken)]).call("look", {"query": "a"})
    assert isinstance(observation.error, Refused)
    assert did == []


# ---- sums


def buy(amount, key):
    return call("order", Risk.MEDIUM, key, item="paper", amount=amount)


@given(st.lists(st.floats(0, 300), max_size=30))
def test_what_goes_through_unasked_comes_to_the_limit_at_most(amounts):
    rule = Above("order", "amount", 200.0)
    passed = [amount for n, amount in enumerate(amounts) if rule(buy(amount, f"k{n}")) is None]
    assert math.fsum(passed) <= 200.0
    assert all(
        math.fsum(passed) + amount > 200.0 for amount in amounts if amount not in passed
    )  # and nothing was asked about that still fitted


@pytest.mark.parametrize("amount", [math.nan, math.inf, -1.0, "5", None, []])
async def test_what_is_no_amount_is_asked_about(amount):
    gate = by_risk(Above("order", "amount", 200.0))
    assert await passes(gate, buy(amount, "k")) == "asks"
    assert await passes(gate, buy(200.0, "k2")) == "yes"


async def test_a_call_that_is_asked_again_counts_once():
    rule = Above("order", "amount", 200.0)
    assert [rule(buy(150.0, "k")) for _ in range(3)] == [None] * 3
    assert rule(buy(60.0, "k2")) is not None


async def test_purchases_of_an_earlier_process_count():
    rule = Above("order", "amount", 200.0, before=[buy(150.0, "k")])
    assert rule(buy(60.0, "k2")) is not None


@pytest.mark.parametrize("most", [math.nan, -1.0, math.inf])
def test_a_limit_without_meaning_is_refused(most):
    with pytest.raises(BadInput):
        Above("order", "amount", most)


# ---- money, side by side


async def race(box, did):
    """Sixteen orders of 40 dollars at once; how many were made."""
    did.clear()
    calls = [box.call("order", {"item": "a", "amount": 40.0}, step=str(n)) for n in range(16)]
    seen = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, Observation) and one.error is None for one in seen) == len(did)
    return len(did)


async def yields(call):
    await asyncio.sleep(0)


async def race_for_a_budget(rounds):
    box, did = make_tools()
    for _ in range(rounds):
        budget = Budget(dollars=1.0)
        assert await race(guarded(box, gates=[yields], budget=budget), did) == 5
        assert budget.spent.dollars == pytest.approx(1.0)
        assert budget.held.dollars == pytest.approx(0.0)


async def race_for_a_sum(rounds):
    box, did = make_tools()
    for _ in range(rounds):
        gates = [yields, by_risk(Above("order", "amount", 200.0)), yields]
        assert await race(guarded(box, gates=gates), did) == 5


@pytest.mark.parametrize("races", [race_for_a_budget, race_for_a_sum])
async def test_of_sixteen_at_once_no_more_than_fit_pass(races):
    await races(100)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("races", [race_for_a_budget, race_for_a_sum])
async def test_of_sixteen_at_once_no_more_than_fit_pass_a_thousand_times(races):
    await races(1000)


async def test_tokens_are_reserved_like_dollars():
    budget = Budget(tokens=5_000)

    async def spend():
        held = budget.reserve(tokens=1_000)
        await asyncio.sleep(0)
        held.settle(tokens=1_000)

    ended = await asyncio.gather(*(spend() for _ in range(16)), return_exceptions=True)
    assert sum(isinstance(one, BudgetSpent) for one in ended) == 11


def test_a_negative_budget_is_refused():
    with pytest.raises(BadInput):
        Budget(dollars=-1)


# ---- taint


@pytest.mark.parametrize(
    ("tainted", "seen"),
    [({}, "yes"), ({"body": WEB}, "yes"), ({"to": WEB}, "no"), ({"amount": MAIL}, "no")],
)
async def test_it_matters_which_argument_a_stranger_wrote(tainted, seen):
    one = call(to="x", amount=5, body="hello", taint=tainted)
    assert await passes(Tainted(), one) == seen


async def test_a_reference_taints_the_argument_that_it_fills_and_no_other():
    with open_world() as world:
        box = guarded(world.tools, gates=[Tainted()])
        known = {"s1": await box.call("web_search", {"query": "Competitor C pricing"})}
        page, lead = Ref(step="s1", path="0.text"), "lead@acme.example"
        good = {"to": lead, "subject": "C", "body": page}
        assert (await box.call("send_email", good, known=known)).error is None
        bad = {"to": page, "subject": "C", "body": "x"}
        assert isinstance((await box.call("send_email", bad, known=known)).error, Refused)
        assert [sent.to for sent in world.sent()] == [lead]


async def test_a_value_that_is_vouched_for_may_come_from_anywhere():
    gate = Tainted(vouched={"Birch Bakery"}.__contains__)
    assert await passes(gate, call(to="Birch Bakery", taint={"to": MAIL})) == "yes"
    assert await passes(gate, call(to="Eve", taint={"to": MAIL})) == "no"


async def test_taint_can_be_asked_about_instead():
    assert await passes(Tainted(ask=True), call(to="x", taint={"to": MAIL})) == "asks"


async def test_an_unknown_tool_is_judged_like_a_high_one():
    assert await passes(Tainted(), call("tip", None, to="x", taint={"to": MAIL})) == "no"
    assert await passes(Tainted(), call("note", Risk.MEDIUM, to="x", taint={"to": MAIL})) == "yes"
    also = Tainted(also=["note"])
    assert await passes(also, call("note", Risk.MEDIUM, to="x", taint={"to": MAIL})) == "no"


PRIVATE = frozenset({"private"})


@pytest.mark.parametrize(
    ("taint", "seen"),
    [(frozenset(), "yes"), (PRIVATE, "yes"), (WEB, "yes"), (PRIVATE | WEB, "no")],
)
async def test_a_search_that_a_stranger_may_fill_with_private_data_is_refused(taint, seen):
    gate = Leaking(["look"])
    assert await passes(gate, call("look", Risk.LOW, query="x", taint={"query": taint})) == seen
    assert await passes(gate, call("other", Risk.LOW, query="x", taint={"query": taint})) == "yes"


async def test_a_secret_is_never_searched_for():
    gate = Leaking(["look"], secrets=["Business 68"])
    assert await passes(gate, call("look", Risk.LOW, query="is BUSINESS 68 dear?")) == "no"


async def test_private_data_is_marked_where_it_is_read():
    with open_world() as world:
        box = marked(world.tools, "private", "read_file")
        mail = await box.call("read_file", {"path": "inbox/2024-12-12-refund-final-notice.txt"})
        assert mail.taint == {"private", "mail"}
        assert (await box.call("calculate", {"expression": "1"})).taint == frozenset()
        with pytest.raises(UnknownTool):
            marked(world.tools, "private", "reed_file")


# ---- confidence


def test_a_confidence_is_worth_what_it_was_worth_before():
    outcomes = [(0.95, n < 6) for n in range(10)] + [(0.35, n < 3) for n in range(10)]
    worth = Calibration(outcomes)
    assert (worth(0.9), worth(1), worth(0.31)) == (0.6, 0.6, 0.3)
    assert sum(each.count for each in worth.bins) == 20


@pytest.mark.parametrize("stated", [math.nan, -0.1, 1.1, math.inf, "0.99", None, True])
async def test_a_confidence_that_is_none_is_worth_nothing(stated):
    worth = Calibration([(n / 20, True) for n in range(21)] * 5)

    async def say(call):
        return stated

    assert worth(stated) == 0.0
    assert await passes(by_confidence(say, worth, least=0.01), call()) == "asks"


def test_what_was_seen_too_seldom_is_worth_nothing():
    worth = Calibration([(0.95, True)] * 4, enough=5)
    assert worth(0.95) == worth(0.5) == 0.0


@pytest.mark.parametrize("bad", [math.nan, 2.0, -1.0])
def test_an_outcome_without_a_confidence_is_not_recorded(bad):
    with pytest.raises(BadInput):
        Calibration([(bad, True)])
    with pytest.raises(BadInput):
        by_confidence(None, Calibration([]), least=bad)


async def test_the_confidence_gate_asks_below_its_limit():
    worth = Calibration([(0.95, n < 9) for n in range(10)] + [(0.75, n < 5) for n in range(10)])

    async def say(call):
        return call.arguments["sure"]

    gate = by_confidence(say, worth, least=0.9)
    assert await passes(gate, call(sure=0.97)) == "yes"
    assert await passes(gate, call(sure=0.75)) == "asks"
    assert await passes(gate, call("look", Risk.LOW, sure=0.1)) == "yes"


async def test_the_confidence_of_a_call_is_asked_for_once(ledger):
    asked = []

    async def say(call):
        asked.append(call)
        return 0.1

    box, _ = make_tools()
    gate = by_confidence(say, Calibration([]), least=0.5)
    box = gated(box, ledger, gate, reviewer=ScriptedReviewer([Approve()]))
    assert (await box.call("pay", PAY, step="s1")).text == "paid 126"
    assert len(asked) == 1


async def test_who_cannot_say_how_sure_it_is_is_not():
    async def broken(call):
        raise ModelError("no answer")

    gate = by_confidence(broken, Calibration([(0.95, True)] * 9), least=0.5)
    assert await passes(gate, call()) == "asks"


# ---- reviewers


class Odd(Person):
    """Answers whatever it is told to."""

    def __init__(self, answer, seconds=None):
        self.answer, self.seconds = answer, seconds

    async def decide(self, asked):
        return await self.answer() if callable(self.answer) else self.answer


async def raises():
    raise OSError("the line is dead")


async def late():
    await asyncio.sleep(10)
    return Approve()


async def late_and_stubborn():
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        return Approve()


NONSENSE = [None, True, "approve", "yes", Approve, {"approved": True}, Edit("all"), 1]


@pytest.mark.parametrize("answer", [raises, late, late_and_stubborn, *NONSENSE])
async def test_only_a_decision_in_time_approves(answer, ledger):
    box, did = make_tools()
    person = Odd(answer, seconds=0.01)
    plain = guarded(box, gates=[by_risk()], reviewer=person)
    for protected in (plain, gated(box, ledger, by_risk(), reviewer=person)):
        assert isinstance((await protected.call("pay", PAY)).error, Refused)
    assert did == []
    assert not ledger.approved(call())
    assert "approval" not in [event.kind for event in ledger.events]


async def test_a_reviewer_may_answer_with_nothing_but_this_call(ledger):
    async def other(asked):
        return replace(asked, tool="newcomer", arguments={"text": "x"})

    box, did = make_tools()
    observation = await gated(box, ledger, by_risk(), reviewer=other).call("pay", PAY)
    assert isinstance(observation.error, Refused)
    assert [event.kind for event in ledger.events] == ["asked", "rejected"]
    assert did == []


async def test_a_script_decides_in_turn_and_then_rejects(ledger):
    script = ScriptedReviewer([Approve(), Edit({"amount": 5.0}), Reject("too dear")])
    box, did = make_tools()
    box = gated(box, ledger, by_risk(), reviewer=script)
    texts = [(await box.call("pay", PAY, step=f"s{n}")).text for n in range(4)]
    assert texts[:2] == ["paid 126", "paid 5"]
    assert "too dear" in texts[2]
    assert "used up" in texts[3]
    assert did == [("pay", "Birch Bakery", 126.0), ("pay", "Birch Bakery", 5.0)]
    assert len(script.asked) == 4


async def test_a_rule_decides_too():
    script = ScriptedReviewer(lambda asked: Approve() if asked.arguments["amount"] < 200 else None)
    box, did = make_tools()
    box = guarded(box, gates=[by_risk()], reviewer=script)
    assert (await box.call("pay", PAY)).error is None
    assert isinstance((await box.call("pay", {"to": "x", "amount": 300})).error, Refused)
    assert len(did) == 1


@pytest.mark.parametrize("change", [{"amount": "much"}, {"sum": 5}, {"amount": None}])
async def test_an_edit_that_is_not_valid_does_not_run(change, ledger):
    box, did = make_tools()
    box = gated(box, ledger, by_risk(), reviewer=ScriptedReviewer([Edit(change)]))
    assert isinstance((await box.call("pay", PAY)).error, BadArguments)
    assert did == []
    assert [event.kind for event in ledger.events] == ["asked", "rejected"]


def console(*lines, **options):
    out = io.StringIO()
    return ConsoleReviewer(io.StringIO("".join(f"{line}\n" for line in lines)), out, **options), out


async def test_a_console_approves_edits_and_rejects():
    box, _ = make_tools()
    person, out = console("approve", 'edit {"amount": 7}', "reject not today")
    box = guarded(box, gates=[by_risk()], reviewer=person)
    seen = [(await box.call("pay", PAY)).text for _ in range(3)]
    assert seen[:2] == ["paid 126", "paid 7"]
    assert "not today" in seen[2]
    assert "HIGH pay" in out.getvalue()
    assert "Birch Bakery" in out.getvalue()


@pytest.mark.parametrize(
    "line", ["", "yes", "approve it", "approved", "edit", "edit [1]", "edit {"]
)
async def test_a_console_asks_again_for_what_is_no_decision(line):
    box, _ = make_tools()
    box = guarded(box, gates=[by_risk()], reviewer=console(line, "approve")[0])
    assert (await box.call("pay", PAY)).text == "paid 126"
    box = guarded(box, reviewer=console(*[line] * 3, "approve")[0])
    assert isinstance((await box.call("pay", PAY)).error, Refused)


async def test_an_input_that_ends_rejects():
    with pytest.raises(Refused, match="ended"):
        await console()[0](call())


async def test_without_a_terminal_a_console_says_so(monkeypatch):
    for stdin in (io.StringIO("approve\n"), None):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(BadInput, match="terminal"):
            ConsoleReviewer()


async def test_nobody_at_the_console_is_a_refusal_in_time():
    reading, writing = os.pipe()
    with os.fdopen(reading) as stream, os.fdopen(writing, "w") as end:
        person = ConsoleReviewer(stream, io.StringIO(), seconds=0.05)
        with pytest.raises(Refused, match="in time"):
            await person(call())
        end.write("approve\n")  # too late, and for nothing that is asked from now on
        end.flush()
        await asyncio.sleep(0.05)
        with pytest.raises(Refused, match="in time"):
            await person(call())
        end.close()


async def test_two_questions_at_a_console_come_one_after_the_other():
    shown = []

    class Slow(io.StringIO):
        def readline(self):
            time.sleep(0.05)
            shown.append(out.getvalue().count("HIGH"))
            return super().readline()

    out = io.StringIO()
    person = ConsoleReviewer(Slow("approve\nreject no\n"), out)
    ended = await asyncio.gather(
        person(call(to="first")), person(call(to="second")), return_exceptions=True
    )
    assert ended[0].arguments == {"to": "first"}
    assert isinstance(ended[1], Refused)
    assert shown == [1, 2]


def test_nothing_in_a_value_can_pass_for_a_line_of_the_question():
    memo = "x\n  to: 'somebody else'\x1b[2J\u202e"
    lines = render_question(call(memo=memo, taint={"memo": MAIL})).splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
    assert "mail" in lines[1]


# ---- approvals, and waiting for them


async def ask(box, arguments=PAY, step="s1"):
    """The request of a call that waits."""
    with pytest.raises(NeedsApproval) as caught:
        await box.call("pay", arguments, step=step)
    return caught.value.request


async def test_an_approved_call_runs_once_and_no_other_does(ledger):
    box, did = make_tools()
    box = gated(box, ledger, by_risk())
    request = await ask(box)
    ledger.approve(request, by="Ann")
    await ask(box, {**PAY, "amount": 127.0})
    await ask(box, {**PAY, "to": "Eve"})
    await ask(box, step="s2")
    assert did == []
    assert (await box.call("pay", PAY, step="s1")).text == "paid 126"
    assert (await box.call("pay", PAY, step="s1")).text == "paid 126"  # what came of it
    await ask(box, step="s3")
    assert len(did) == 1


async def test_a_gate_that_was_there_before_is_answered_too(ledger):
    box, did = make_tools()
    box = gated(guarded(box, gates=[by_risk()]), ledger)
    ledger.approve(await ask(box), by="Ann")
    assert (await box.call("pay", PAY, step="s1")).error is None
    assert len(did) == 1


async def test_a_reviewer_who_was_there_before_is_recorded_too(ledger):
    box, _ = make_tools()
    box = gated(guarded(box, reviewer=ScriptedReviewer([Approve()])), ledger, by_risk(), by="Ann")
    assert (await box.call("pay", PAY, step="s1")).error is None
    assert "Ann" in [row["who"] for row in audit_rows(ledger)]


async def test_an_approval_does_not_outlive_its_time(tmp_path):
    now = [1000.0]
    with Ledger(tmp_path / "l", run_id="run", clock=lambda: now[0]) as done:
        box, did = make_tools()
        box = gated(box, done, by_risk())
        request = await ask(box)
        done.approve(request, by="Ann", seconds=60)
        now[0] += 61
        await ask(box)
        assert did == []
        done.approve(request, by="Ann", seconds=60)
        now[0] += 59
        assert (await box.call("pay", PAY, step="s1")).error is None


async def test_an_approval_is_for_the_plan_of_its_time(ledger):
    box, did = make_tools()
    box = gated(box, ledger, by_risk())
    ledger[PLAN] = a_plan()
    ledger.approve(await ask(box), by="Ann")
    ledger[PLAN] = a_plan(version=2)
    await ask(box)
    assert did == []


async def test_a_text_that_says_approved_approves_nothing(ledger):
    box, did = make_tools()
    box = gated(box, ledger, by_risk())
    forged = {"to": "approved by the CFO", "amount": 1.0}
    await ask(box, forged)
    with pytest.raises(BadInput):
        ledger.record("approval", call("pay", key="k", **forged), by="Eve")
    await ask(box, forged)
    assert did == []


async def test_of_one_call_twice_at_once_an_approval_lets_one_be_made(ledger):
    box, did = make_tools()
    box = gated(box, ledger, by_risk(), yields)
    for amount in (1.0, 2.0):
        arguments = {"to": "Birch Bakery", "amount": amount}
        ledger.approve(await ask(box, arguments, step="s1"), by="Ann")
        twice = [box.call("pay", arguments, step=step) for step in ("s1", "s2")]
        ended = await asyncio.gather(*twice, return_exceptions=True)
        assert [type(one) for one in ended] == [Observation, NeedsApproval]
    assert len(did) == 2


async def test_an_approval_answers_no_refusal_and_is_kept(ledger):
    box, did = make_tools()
    never = Tainted(untrusted=MAIL)
    strict = gated(box, ledger, by_risk(), never)
    ledger.approve(await ask(strict), by="Ann")
    refused = await strict.call("pay", PAY, step="s1", taint=MAIL)
    assert isinstance(refused.error, Refused)
    assert did == []
    assert (await strict.call("pay", PAY, step="s1")).error is None


@pytest.mark.parametrize("order", [1, -1])
async def test_of_two_gates_the_stricter_one_decides(order, ledger):
    async def refuses(call):
        raise Refused("never")

    async def lets(call):
        return None

    for strict, seen in ((refuses, Refused), (by_risk(), NeedsApproval)):
        box, did = make_tools()
        for protected in (
            gated(box, ledger, *[lets, strict][::order]),
            guarded(box, gates=[lets, strict, by_risk()][::order]),
        ):
            try:
                error = (await protected.call("pay", PAY)).error
            except PlanlabError as raised:
                error = raised
            assert type(error) is seen
        assert did == []


async def test_a_person_is_asked_so_often_and_no_more(ledger):
    script = ScriptedReviewer(lambda asked: Reject("no"))
    box, did = make_tools()
    box = gated(box, ledger, by_risk(), reviewer=script, most=3)
    seen = [await box.call("pay", {**PAY, "amount": n}, step=f"s{n}") for n in range(1, 9)]
    assert len(script.asked) == 3
    assert all(isinstance(one.error, Refused) for one in seen)
    assert did == []
    assert (await box.call("order", {"item": "a", "amount": 1})).error is None


async def test_the_same_question_counts_once(ledger):
    box, _ = make_tools()
    box = gated(box, ledger, by_risk(), most=1)
    for _ in range(3):
        await ask(box)
    assert isinstance((await box.call("pay", PAY, step="s2")).error, Refused)


async def test_an_edit_can_be_refused_and_leaves_nothing_to_be_used(ledger):
    async def small(call):
        if call.arguments["amount"] > 200:
            raise Refused("too much")

    box, did = make_tools()
    box = gated(box, ledger, small, by_risk(), reviewer=ScriptedReviewer([Edit({"amount": 900.0})]))
    assert (await box.call("pay", PAY)).error.message == "too much"
    assert did == []


async def test_what_was_edited_so_that_nobody_asks_leaves_no_approval(ledger):
    large = ask_if(lambda call: "large" if call.arguments["amount"] > 100 else None)
    box, _ = make_tools()
    box = gated(box, ledger, large, reviewer=ScriptedReviewer([Edit({"amount": 5.0})]))
    assert (await box.call("pay", PAY, step="s1")).text == "paid 5"
    (used,) = [event.call for event in ledger.events if event.kind == "approval used"]
    assert not ledger.approved(used)


def a_plan(version=1):
    def step(id, name, needs=(), **arguments):
        return Step(
            id=id,
            description=f"do {id}",
            how="tool",
            tool=name,
            arguments=tuple(Argument(name=n, value=v) for n, v in arguments.items()),
            depends_on=needs,
            output=f"out_{id}",
            expected_output="text",
        )

    steps = (
        step("s1", "pay", to="Birch Bakery", amount=126.0),
        step("s2", "look", query="prices"),
        step("s3", "look", query=Ref(step="s1", path="")),
    )
    return Plan(goal="Pay and look.", reasoning="", steps=steps, version=version)


async def run_plan(done, box, review=None, held=True, **options):
    planner, _ = scripted(says(a_plan().model_dump()))
    executor, _ = scripted(says("All is done."))
    if held and PLAN not in done:
        done[PLAN] = a_plan()
    return await run_plan_execute(
        "Pay and look.",
        planner=planner,
        executor=executor,
        tools=box,
        done=done,
        review=review,
        **options,
    )


async def test_only_what_needs_the_waiting_step_waits_and_goes_on_after_the_approval(tmp_path):
    box, did = make_tools()
    with Ledger(tmp_path / "l", run_id="run") as done:
        result = await run_plan(done, gated(box, done, by_risk()))
        assert result.stop == Stop.WAITING
        assert did == [("look", "prices")]
    with Ledger(tmp_path / "l") as done:
        assert isinstance(done["s1"], Waiting)
        done.approve(done["s1"].request, by="Ann")
        result = await run_plan(done, gated(box, done, by_risk()))
    assert result.stop == Stop.ANSWERED
    assert did == [("look", "prices"), ("pay", "Birch Bakery", 126.0), ("look", "paid 126")]


async def test_a_rejected_step_stops_the_run(ledger):
    box, did = make_tools()
    box = gated(box, ledger, by_risk(), reviewer=ScriptedReviewer([Reject("no")]))
    assert (await run_plan(ledger, box, max_replans=0)).stop in (Stop.FAILED, Stop.REFUSED)
    assert ("pay", "Birch Bakery", 126.0) not in did


# ---- review of a plan


async def reviewed(ledger, *decisions):
    box, did = make_tools()
    script = ScriptedReviewer(decisions)
    result = await run_plan(
        ledger, box, review=recorded_review(script, ledger), held=False, max_replans=0
    )
    return result, did, script


async def test_an_approved_plan_runs(ledger):
    result, did, script = await reviewed(ledger, Approve())
    assert result.stop == Stop.ANSWERED
    assert len(did) == 3
    assert isinstance(script.asked[0], Plan)
    assert ledger.events[0].kind == "plan approved"


async def test_an_edited_plan_runs_as_edited(ledger):
    shorter = a_plan().model_copy(update={"steps": a_plan().steps[1:2]})
    result, did, _ = await reviewed(ledger, Edit(shorter))
    assert result.stop == Stop.ANSWERED
    assert did == [("look", "prices")]
    assert ledger.events[0].data["edited"] is True


async def test_a_rejected_plan_does_not_run(ledger):
    result, did, _ = await reviewed(ledger, Reject("not this quarter"))
    assert result.stop == Stop.REFUSED
    assert did == []
    assert "not this quarter" in ledger.events[0].data["why"]


async def test_an_edited_plan_that_cannot_run_is_told_and_does_not(ledger):
    broken = a_plan().model_copy(update={"steps": a_plan().steps[2:]})  # without what it needs
    with pytest.raises(BadInput, match="cannot run"):
        await reviewed(ledger, Edit(broken))
    assert PLAN not in ledger


async def test_a_plan_that_nobody_is_there_to_see_waits(ledger):
    async def nobody(plan):
        raise NeedsApproval("look at the plan", plan)

    box, did = make_tools()
    result = await run_plan(ledger, box, review=nobody, held=False)
    assert result.stop == Stop.WAITING
    assert did == []
    ledger[PLAN] = result.detail.error.request
    assert (await run_plan(ledger, box)).stop == Stop.ANSWERED


def test_a_plan_is_edited_as_json():
    text = a_plan().model_dump_json()
    assert parse_decision(f"edit {text}", a_plan()) == Edit(a_plan())
    for bad in ("edit {}", "edit", f"edit {text[:-2]}"):
        with pytest.raises(BadInput, match="no plan"):
            parse_decision(bad, a_plan())


# ---- the audit trail


async def test_every_call_and_decision_is_recorded_before_and_after(ledger):
    box, _ = make_tools()
    script = ScriptedReviewer([Approve(), Reject("no")])
    box = gated(box, ledger, by_risk(), Tainted(), reviewer=script, by="Ann", every_call=True)
    await box.call("look", {"query": "a"}, step="s1")
    await box.call("order", {"item": "a", "amount": 1}, step="s2")
    await box.call("pay", PAY, step="s3")
    await box.call("pay", PAY, step="s4")
    await box.call("pay", PAY, step="s5", taint=MAIL)
    kinds = [(event.kind, event.call.step) for event in ledger.events]
    assert kinds == [
        *(("look", "s1"), ("seen", "s1")),
        *(("intent", "s2"), ("outcome", "s2")),
        *((kind, "s3") for kind in ("asked", "approval", "approval used", "intent", "outcome")),
        *(("asked", "s4"), ("rejected", "s4")),
        ("refused", "s5"),
    ]
    rows = audit_rows(ledger)
    assert {row["who"] for row in rows} == {"", "Ann"}
    assert rows[8]["why, or what came"] == "paid 126"
    assert "mail" in str(rows[-1]["why, or what came"])


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM events WHERE number = 1",
        "DELETE FROM events WHERE number = 5",
        "UPDATE events SET kind = 'approval' WHERE kind = 'asked'",
    ],
)
async def test_with_a_trail_that_was_cut_or_edited_nothing_runs(tmp_path, damage):
    path = tmp_path / "l"
    with Ledger(path, run_id="run") as done:
        box, _ = make_tools()
        box = gated(box, done, by_risk(), reviewer=ScriptedReviewer([Approve()]))
        await box.call("pay", PAY, step="s1")
        assert len(done.events) == 5
    with sqlite3.connect(path) as database:
        database.execute(damage)
    database.close()
    with Ledger(path) as done:
        with pytest.raises(BadFile):
            audit_rows(done)
        box, did = make_tools()
        box = gated(box, done, by_risk(), reviewer=ScriptedReviewer([Approve()]))
        for name, arguments in (("pay", PAY), ("order", {"item": "a", "amount": 1.0})):
            with pytest.raises(BadFile):
                await box.call(name, arguments, step="s2")
        assert did == []


async def test_where_nothing_can_be_recorded_only_looking_goes_on(ledger):
    ledger.record("start")
    ledger._file._database.execute("PRAGMA query_only = ON")  # as on a disk that is read only
    box, did = make_tools()
    box = gated(box, ledger, by_risk(), reviewer=ScriptedReviewer([Approve()]))
    for name, arguments in (("pay", PAY), ("order", {"item": "a", "amount": 1.0})):
        with pytest.raises(NotSaved):
            await box.call(name, arguments)
    assert did == []
    assert (await box.call("look", {"query": "a"})).value == "seen"


def test_gates_of_another_run_are_refused(ledger):
    box, _ = make_tools()
    with pytest.raises(BadInput, match="run"):
        gated(replace(box, run_id="another"), ledger, by_risk())


# ---- taking back


@pytest.fixture
def acme(tmp_path):
    with open_world() as world, Ledger(tmp_path / "l", run_id=world.tools.run_id) as done:
        yield world, gated(world.tools, done, by_risk()), done


async def write(box, path, content, step):
    return (await box.call("write_file", {"path": path, "content": content}, step=step)).unwrap()


async def test_what_was_written_is_taken_back_the_last_first(acme):
    world, box, done = acme
    world.write("reports/a.md", "before")
    start = world.snapshot()
    await write(box, "reports/a.md", "one", "s1")
    await write(box, "reports/b.md", "two", "s2")
    await write(box, "reports/a.md", "three", "s3")
    draft = {"to": "lead@acme.example", "subject": "x", "body": "y"}
    await box.call("create_draft_email", draft, step="s4")
    undone = roll_back(done, world.undo_tools)
    assert [one.step for one in undone] == ["s4", "s3", "s2", "s1"]
    assert world.snapshot() == start
    assert roll_back(done, world.undo_tools) == ()


async def test_what_another_wrote_since_is_left_alone(acme):
    world, box, done = acme
    await write(box, "reports/a.md", "ours", "s1")
    await write(box, "reports/b.md", "ours", "s2")
    await write(box, "reports/c.md", "ours", "s3")
    world.write("reports/a.md", "ours")  # the same words, and all the same another's
    (world.folder / "reports/c.md").write_text("by hand")
    with pytest.raises(ToolFailed, match=r"1 calls were taken back, 2 not.*a\.md"):
        roll_back(done, world.undo_tools)
    assert world.read("reports/a.md") == "ours"
    assert world.read("reports/c.md") == "by hand"
    assert not (world.folder / "reports/b.md").exists()


async def test_a_step_that_was_taken_back_is_done_anew(acme):
    world, box, done = acme
    done["s1"] = await box.call("write_file", {"path": "reports/a.md", "content": "one"}, step="s1")
    roll_back(done, world.undo_tools)
    assert "s1" not in done
    await write(box, "reports/a.md", "one", "s1")
    assert world.read("reports/a.md") == "one"
    assert len(find_reversible(done.events)) == 1


async def test_what_nothing_can_take_back_is_named(ledger):
    box, _ = make_tools()
    await gated(box, ledger, by_risk()).call("order", {"item": "a", "amount": 1.0}, step="s1")
    with pytest.raises(ToolFailed, match="order"):
        roll_back(ledger, {})


async def test_what_failed_needs_no_taking_back(acme):
    _, box, done = acme
    seen = await box.call("write_file", {"path": "inbox/x.txt", "content": "x"}, step="s1")
    assert seen.error is not None
    assert find_reversible(done.events) == []


# ---- killed while an approval is pending

CHILD = """
    import asyncio, sys, time
    from planlab.ledger import Ledger
    from planlab.patterns.gates import by_risk, gated
    from planlab.reviewing import Approve, ScriptedReviewer
    from planlab.schedule import Task, run_graph
    from planlab.world import open_world

    async def main(folder, hold):
        with open_world(0, folder + "/acme") as world:
            with Ledger(folder + "/ledger", run_id=world.tools.run_id) as done:
                box = gated(world.tools, done, by_risk())
                arguments = {"to": "Birch Bakery", "amount": 126.0, "memo": "refund"}
                async def pay():
                    return (await box.call("execute_transaction", arguments, step="s1")).unwrap()
                await run_graph([Task("s1", pay)], done)
                print(done["s1"], flush=True)
                while hold:
                    time.sleep(0.01)

    asyncio.run(main(sys.argv[1], len(sys.argv) > 2))
"""


def start(folder, *more):
    command = [sys.executable, "-c", dedent(CHILD), str(folder), *more]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_a_killed_run_still_waits_for_the_same_approval_and_has_done_nothing(tmp_path):
    with start(tmp_path, "hold") as child:
        first = child.stdout.readline()
        assert "Waiting" in first
        child.send_signal(signal.SIGKILL)
    with Ledger(tmp_path / "ledger") as done:
        request = done["s1"].request
        other = replace(request, arguments={**request.arguments, "amount": 1.0})
        done.approve(other, by="Eve")
    with start(tmp_path) as again:
        assert again.stdout.readline() == first
    with open_world(0, tmp_path / "acme") as world:
        assert world.transactions() == ()
    with Ledger(tmp_path / "ledger") as done:
        done.approve(request, by="Ann")
    with start(tmp_path) as approved:
        assert "paid" in approved.stdout.readline()
    with open_world(0, tmp_path / "acme") as world:
        assert len(world.transactions()) == 1
