"""The ledger: a mapping, a file, what a revised plan keeps, what was begun, who allowed what."""

import asyncio
import math
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from planlab import connect, errors
from planlab.errors import BadFile, BadInput, InUse, NeedsApproval, NotSaved
from planlab.events import _hash
from planlab.ledger import Ledger
from planlab.patterns.plan_execute import run_plan_execute
from planlab.progress import PLAN
from planlab.records import Argument, Observation, Plan, Ref, Step, Stop
from planlab.schedule import Failed, Task, Waiting, run_graph
from planlab.stored import decode, encode
from planlab.toolbox import Toolbox, guarded
from planlab.tools import Call, Risk, tool
from planlab.world import open_world
from tests.scripted import calls, says, scripted

HERE = Path(__file__).parent


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.db"


def step(id, tool="double", needs=(), *, how="tool", description="do it", **arguments):
    return Step(
        id=id,
        description=description,
        how=how,
        tool=tool,
        arguments=tuple(Argument(name=n, value=v) for n, v in arguments.items()),
        depends_on=tuple(needs),
        output=f"out_{id}",
        expected_output="a number",
    )


def plan(*steps, version=1, goal="g"):
    return Plan(goal=goal, reasoning="r", steps=steps, version=version)


# ---- a mapping

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda parts: (
        st.lists(parts)
        | st.tuples(parts, parts)
        | st.dictionaries(st.text(st.characters()) | st.just("$"), parts)
    ),
    max_leaves=8,
)
ERRORS = [errors.ToolFailed, errors.Refused, errors.BadArguments, errors.Transient]
OBSERVATIONS = st.builds(
    Observation,
    JSON,
    st.none(),
    st.frozensets(st.sampled_from(["web", "mail"])),
    st.text(st.characters(codec="utf-8")),
)
IDS = st.sampled_from(["s1", "s2", "s3", "x y", "", "§"])
PLANS = st.sampled_from(
    [
        plan(step("s1", number=1), step("s2", number=Ref(step="s1", path=""))),
        plan(step("s2", number=Ref(step="s1", path="")), step("s1", number=1), version=2),
    ]
)


def same(one, other):
    """Equal, and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Exception):
        return (one.args, vars(one)) == (other.args, vars(other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Observation | Failed | Waiting):
        return all(same(vars(one)[name], vars(other)[name]) for name in vars(one))
    if isinstance(one, frozenset):
        return one == other
    return one == other and repr(one) == repr(other)


class LedgerIsADict(RuleBasedStateMachine):
    """Whatever is done to a ledger, closed and opened in between too, a dict does as well.

    The plan here only ever asks for the same, so that it changes nothing of what is seen.
    """

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "run.db"
        self.done, self.model = Ledger(self.path, "run"), {}
        first = plan(step("s1", number=1), step("s2", number=Ref(step="s1", path="")))
        self.done[PLAN] = self.model[PLAN] = first

    @rule(id=IDS, value=JSON | OBSERVATIONS)
    def put(self, id, value):
        self.done[id] = self.model[id] = value

    @rule(id=IDS, kind=st.sampled_from(ERRORS), waits=st.booleans())
    def fail(self, id, kind, waits):
        end = Waiting(id, {"ask": 1}) if waits else Failed(id, kind("no"))
        self.done[id] = self.model[id] = end

    @rule(value=PLANS)
    def revise(self, value):
        self.done[PLAN] = self.model[PLAN] = value

    @rule(id=IDS)
    def take(self, id):
        assert same(self.done.pop(id, "nothing"), self.model.pop(id, "nothing"))

    @rule(id=IDS)
    def refuse(self, id):
        with pytest.raises(BadInput):
            self.done[id] = {1, 2}

    @rule()
    def reopen(self):
        self.done.close()
        self.done = Ledger(self.path, "run")

    @invariant()
    def agrees(self):
        assert same(dict(self.done), {k: self.model[k] for k in self.done})
        assert set(self.done) == set(self.model)
        assert len(self.done) == len(self.model)
        assert all(id in self.done for id in self.model)
        assert "missing" not in self.done
        with pytest.raises(KeyError):
            self.done["missing"]

    def teardown(self):
        self.done.close()
        self.folder.cleanup()


TestLedgerIsADict = LedgerIsADict.TestCase
TestLedgerIsADict.settings = settings(
    max_examples=30, stateful_step_count=15, deadline=None, derandomize=True, database=None
)


@given(JSON | OBSERVATIONS)
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_a_value_comes_back_as_it_was(value):
    assert same(decode(encode(value)), value)


CALL = Call("pay", {"to": "bo"}, "k", Risk.HIGH, "s1", {"to": frozenset({"web"})}, False)
ENDS = [
    Observation(None, errors.TimedOut("slow", abandoned=True), frozenset({"mail"}), "k"),
    Observation(None, errors.Refused("no")),
    Failed("s1", errors.StuckPlan("never", ("a", "b"))),
    Failed("s1", errors.ServerFailed("busy")),
    Waiting("s1", CALL),
    Failed("s1", errors.NeedsApproval("ask", CALL)),
    [Observation((1, 2.0))],
]


@pytest.mark.parametrize("value", ENDS, ids=repr)
def test_errors_and_requests_come_back_as_they_were(value):
    found = decode(encode(value))
    assert same(found, value) or repr(found) == repr(value)


def test_an_error_from_elsewhere_keeps_its_name_and_its_nearest_kind():
    class Down(errors.ToolFailed):
        pass

    found = decode(encode([Failed("s1", ValueError("bad")), Failed("s1", Down("off"))]))
    assert [type(end.error) for end in found] == [errors.PlanlabError, errors.ToolFailed]
    assert [end.error.message for end in found] == ["ValueError: bad", "off"]


CIRCLE: list = []
CIRCLE.append(CIRCLE)
NOT_JSON = [
    {1, 2},
    b"bytes",
    object(),
    {1: "a number as a key"},
    math.nan,
    [math.inf],
    Observation(object()),
    {"deep": [(1, {2})]},
    CIRCLE,
    10**5000,
]


@pytest.mark.parametrize("value", NOT_JSON, ids=lambda value: type(value).__name__)
def test_what_json_cannot_hold_names_the_step_and_what_was_there_stays(path, value):
    with Ledger(path) as done:
        done["s1"], done["s2"] = 1, 2
        with pytest.raises(BadInput, match="'s2'"):
            done["s2"] = value
        assert dict(done) == {"s1": 1, "s2": 2}
    with Ledger(path) as done:
        assert dict(done) == {"s1": 1, "s2": 2}


def test_a_result_is_what_it_was_when_it_was_stored(path):
    rows = [1]
    with Ledger(path) as done:
        done["s1"] = rows
        rows.append(2)
        assert done["s1"] == [1]


@pytest.mark.parametrize("value", ["go", {"steps": []}, 1])
def test_only_a_plan_stands_in_the_plans_place(path, value):
    with Ledger(path) as done, pytest.raises(BadInput, match="no Plan"):
        done[PLAN] = value


# ---- running again


async def run(done, *ids, fail=(), ran=None):
    ran = [] if ran is None else ran

    async def work(id, *needed):
        ran.append(id)
        if id in fail:
            raise errors.ToolFailed("down")
        return len(needed)

    def task(id, needs):
        return Task(id, lambda *needed: work(id, *needed), needs)

    await run_graph([task(id, ids[:n]) for n, id in enumerate(ids)], done)
    return ran


async def test_what_is_finished_is_not_run_again_and_what_failed_is(path):
    with Ledger(path) as done:
        assert await run(done, "a", "b", "c", fail=["b"]) == ["a", "b"]
        assert done["b"] is not None
        assert (type(done["b"]), done["c"].at) == (Failed, "b")
    with Ledger(path) as done:
        assert isinstance(done["c"], Failed)
        assert await run(done, "a", "b", "c") == ["b", "c"]
        assert dict(done) == {"a": 0, "b": 1, "c": 2}


async def test_a_step_that_waits_keeps_its_request_over_a_restart(path):
    async def ask():
        raise NeedsApproval("may I?", CALL)

    with Ledger(path) as done:
        await run_graph([Task("s1", ask)], done)
    with Ledger(path) as done:
        assert done["s1"] == Waiting("s1", CALL)


def test_the_run_has_one_id_for_ever(path):
    with Ledger(path) as done:
        id = done.run_id
    with Ledger(path) as again:
        assert again.run_id == id
    before = path.read_bytes()
    with pytest.raises(BadFile, match="another"):
        Ledger(path, "another")
    assert path.read_bytes() == before


# ---- a revised plan


def draw_plan(rng, version):
    """A plan of few ids and few things to ask for, so that two often ask for the same."""
    steps = []
    for id in rng.sample(["a", "b", "c", "d"], rng.randint(1, 4)):
        before = [s.id for s in steps]
        value = Ref(step=rng.choice(before), path="") if before and rng.random() < 0.5 else 1
        needs = rng.sample(before, rng.randint(0, min(1, len(before))))
        kind = rng.choice(["double", "double", "triple", None])
        words = f"words {rng.randint(1, 2)}"
        steps.append(step(id, kind, needs, description=words, number=value))
    rng.shuffle(steps)
    return plan(*steps, version=version)


def draw_revision(rng, old):
    """The same steps in another order, here and there one that is left out or was changed."""
    steps = []
    for each in rng.sample(old.steps, len(old.steps)):
        change = rng.choice(
            [
                {},
                {"description": "other words"},
                {"expected_output": "other"},
                {"tool": "triple"},
                {"arguments": (Argument(name="number", value=2),)},
                {"depends_on": ("z",)},
            ]
        )
        if rng.random() < 0.9:
            steps.append(each.model_copy(update=change if rng.random() < 0.6 else {}))
    return plan(*steps, version=2)


def asks_for(id, plan):
    """All that a step asks for, written out: the rule by brute force."""
    found = next((s for s in plan.steps if s.id == id), None)
    if found is None:
        return id
    words = None if found.tool else found.description
    arguments = tuple(sorted((a.name, repr(a.value)) for a in found.arguments))
    needs = frozenset(asks_for(need, plan) for need in found.needs)
    return (id, found.tool, words, arguments, needs)


@pytest.mark.parametrize("seed", range(10))
def test_a_revised_plan_keeps_a_result_exactly_where_it_asks_for_the_same(tmp_path, seed):
    rng = random.Random(seed)
    kept = dropped = 0
    for number in range(20):
        old = draw_plan(rng, 1)
        new = draw_revision(rng, old)
        with Ledger(tmp_path / f"{number}.db") as done:
            done[PLAN] = old
            for each in old.steps:
                done[each.id] = f"old {each.id}"
            done[PLAN] = new
            for each in new.steps:
                same = asks_for(each.id, old) == asks_for(each.id, new)
                assert (each.id in done) == same
                kept, dropped = kept + same, dropped + (not same)
            assert sorted(done) == sorted([PLAN, *(s.id for s in new.steps if s.id in done)])
            done[PLAN] = old
            assert all(done[s.id] == f"old {s.id}" for s in old.steps)
    assert min(kept, dropped) > 5, (kept, dropped)


def test_a_circle_in_a_plan_does_no_harm(path):
    with Ledger(path) as done:
        done[PLAN] = plan(step("a", needs=["b"]), step("b", needs=["a", "nowhere"]))
        done["a"] = 1
        assert set(done) == {PLAN, "a"}


def test_keys_are_made_once_for_a_version_of_the_plan(path, monkeypatch):
    with Ledger(path) as done:
        done[PLAN] = plan(*[step(f"s{n}", number=n) for n in range(50)])
        monkeypatch.setattr("planlab.ledger.digest", None)
        for n in range(50):
            done[f"s{n}"] = n
    with Ledger(path) as done:
        assert done["s49"] == 49


async def test_a_plan_on_acme_has_the_same_answer_on_a_dict_and_on_a_ledger(path):
    goal = "Write the weekly support report."
    found = []
    with Ledger(path, "acme-0") as ledger:
        for done, journal in (({}, None), (ledger, ledger)):
            with open_world() as world:
                tools = guarded(world.tools, journal=journal)
                model = connect()
                made = await run_plan_execute(
                    goal, planner=model, executor=model, tools=tools, done=done
                )
                assert made.stop == Stop.ANSWERED
                found.append((made.answer, dict(done)))
        assert ledger.events
    assert found[0] == found[1]
    with Ledger(path) as ledger, open_world() as world:
        assert dict(ledger) == found[0][1]
        model, _ = scripted(says("from the file"))
        made = await run_plan_execute(
            goal, planner=model, executor=model, tools=guarded(world.tools, journal=ledger),
            done=ledger,
        )  # fmt: skip
    assert made.answer == "from the file"


# ---- calls that were begun


class Crash(BaseException):
    """The process is gone."""


class Post:
    """A receiver: `keyed` ones do one thing for a key, others whatever they are told."""

    def __init__(self, *, risk=Risk.HIGH, keyed=True):
        self.sent, self.keys, self.crash = [], set(), ""

        async def send_keyed(to: str, call: Call) -> str:
            """Send it."""
            return self.send(to, call.key)

        async def send_plain(to: str) -> str:
            """Send it."""
            return self.send(to, object())

        run = send_keyed if keyed else send_plain
        run.__name__ = "send"
        self.tool = tool(risk=risk)(run)

    def send(self, to, key):
        self.stop("before")
        if "@" not in to:
            raise errors.BadArguments(f"{to} is no address")
        if key not in self.keys:
            self.sent.append(to)
        self.keys.add(key)
        self.stop("after")
        return f"sent to {to}"

    def stop(self, at):
        if self.crash == at:
            self.crash = ""
            raise Crash

    def box(self, done, **guards):
        return guarded(Toolbox([self.tool], run_id=done.run_id), journal=done, **guards)


async def crash(post, path, at, to, step="s1"):
    post.crash = at
    with Ledger(path) as done, pytest.raises(Crash):
        await post.box(done).call("send", {"to": to}, step=step)


@pytest.mark.parametrize("at", ["before", "after"])
@pytest.mark.parametrize("now", ["a@x", "b@x"])
async def test_what_was_begun_is_sent_again_whatever_is_written_today(path, at, now):
    post = Post()
    await crash(post, path, at, "a@x")
    with Ledger(path) as done:
        done.verify()
        assert [call.arguments for call in done.unknown] == [{"to": "a@x"}]
        seen = await post.box(done).call("send", {"to": now}, step="s1")
        assert (seen.value, post.sent, done.unknown) == ("sent to a@x", ["a@x"], ())


async def test_what_has_ended_is_told_and_not_done_again(path):
    post = Post(keyed=False)
    with Ledger(path) as done:
        first = await post.box(done).call("send", {"to": "a@x"}, step="s1")
    with Ledger(path) as done:
        for to in ("a@x", "a@x"):
            assert await post.box(done).call("send", {"to": to}, step="s1") == first
    assert post.sent == ["a@x"]


async def test_a_mended_call_is_found_again_before_anybody_is_asked(path):
    post = Post()
    with Ledger(path) as done:
        wrong = await post.box(done).call("send", {"to": "nobody"}, step="s1")
        assert isinstance(wrong.error, errors.BadArguments)
    await crash(post, path, "after", "a@x")
    with Ledger(path) as done:
        seen = await post.box(done).call("send", {"to": "nobody"}, step="s1")
    assert (seen.value, post.sent) == ("sent to a@x", ["a@x"])


async def test_a_plans_mended_step_asks_no_model_again_after_a_crash(path):
    post = Post()
    todo = plan(step("s1", "send", to="nobody"), goal="Send it.")
    model, asked = scripted(calls(("send", {"to": "a@x"})), says("sent"))

    async def go(done):
        options = {"planner": model, "executor": model, "tools": post.box(done)}
        return await run_plan_execute("Send it.", done=done, **options)

    with Ledger(path) as done:
        done[PLAN] = todo
        post.crash = "after"
        with pytest.raises(Crash):
            await go(done)
    with Ledger(path) as done:
        result = await go(done)
    assert (result.answer, post.sent, len(asked.requests)) == ("sent", ["a@x"], 2)


async def test_several_calls_of_one_step_are_found_again_in_their_order(path):
    post = Post()
    with Ledger(path) as done:
        for to in ("a@x", "b@x"):
            await post.box(done).call("send", {"to": to}, step="s1")
        post.crash = "after"
        with pytest.raises(Crash):
            await post.box(done).call("send", {"to": "c@x"}, step="s1")
    with Ledger(path) as done:
        seen = [
            (await post.box(done).call("send", {"to": to}, step="s1")).value
            for to in ("a@x", "B@x", "C@x", "d@x")
        ]
    assert seen == [f"sent to {to}" for to in ("a@x", "b@x", "c@x", "d@x")]
    assert post.sent == ["a@x", "b@x", "c@x", "d@x"]


async def test_calls_outside_of_any_step_are_told_apart_by_what_they_ask(path):
    post = Post()
    await crash(post, path, "after", "a@x", step="")
    with Ledger(path) as done:
        seen = await post.box(done).call("send", {"to": "b@x"})
    assert (seen.value, post.sent) == ("sent to b@x", ["a@x", "b@x"])


async def test_two_calls_of_a_step_side_by_side_are_refused(path):
    both = asyncio.Barrier(2)

    @tool(risk=Risk.MEDIUM)
    async def send(to: str) -> str:
        """Wait for another."""
        await both.wait()
        return to

    with Ledger(path) as done:
        box = guarded(Toolbox([send], run_id=done.run_id), journal=done)
        first = asyncio.ensure_future(box.call("send", {"to": "a"}, step="s1"))
        await asyncio.sleep(0)
        with pytest.raises(BadInput, match=r"'s1\.1'"):
            await box.call("send", {"to": "b"}, step="s1")
        second = await box.call("send", {"to": "b"}, step="s1.1")
        assert ((await first).value, second.value) == ("a", "b")


async def test_a_transient_failure_is_tried_again_under_its_key(path):
    post, fails = Post(), [errors.Transient("busy")]
    real = post.send

    def send(to, key):
        real(to, key)
        if fails:
            raise fails.pop()
        return "sent"

    post.send = send
    with Ledger(path) as done:
        first = await post.box(done).call("send", {"to": "a@x"}, step="s1")
        again = await post.box(done).call("send", {"to": "other@x"}, step="s1")
    assert isinstance(first.error, errors.Transient)
    assert (again.value, again.key, post.sent) == ("sent", first.key, ["a@x"])


async def test_arguments_that_json_cannot_hold_are_an_error_for_the_model(path):
    ran = []

    @tool(risk=Risk.HIGH)
    async def pay(amount: float) -> None:
        """Pay it."""
        ran.append(amount)

    with Ledger(path) as done:
        box = guarded(Toolbox([pay], run_id=done.run_id), journal=done)
        seen = await box.call("pay", {"amount": math.inf}, step="s1")
        assert isinstance(seen.error, errors.BadArguments)
        assert (ran, done.events) == ([], ())


async def test_an_outcome_that_json_cannot_hold_names_the_step_and_is_not_done_twice(path):
    post = Post()
    real = post.send
    post.send = lambda to, key: {real(to, key)}
    for _ in range(2):
        with Ledger(path) as done:
            with pytest.raises(BadInput, match="'s1'"):
                await post.box(done).call("send", {"to": "a@x"}, step="s1")
            assert len(done.unknown) == 1
    assert post.sent == ["a@x"]


async def test_low_calls_leave_no_event(path):
    post = Post(risk=Risk.LOW)
    with Ledger(path) as done:
        await post.box(done).call("send", {"to": "a@x"}, step="s1")
        assert done.events == ()


async def test_what_may_have_happened_and_cannot_be_told_apart_waits_for_a_person(path):
    post = Post(keyed=False)
    await crash(post, path, "after", "a@x")
    for _ in range(2):
        with Ledger(path) as done:
            with pytest.raises(NeedsApproval, match="nobody knows") as asked:
                await post.box(done).call("send", {"to": "a@x"}, step="s1")
            assert asked.value.request == done.unknown[0]
    assert post.sent == ["a@x"]


async def test_what_failed_may_have_happened_where_it_cannot_be_told_apart(path):
    post = Post(keyed=False)
    real = post.send

    def send(to, key):
        real(to, key)
        raise ConnectionError("lost")

    post.send = send
    with Ledger(path) as done:
        first = await post.box(done).call("send", {"to": "a@x"}, step="s1")
        assert isinstance(first.error, errors.ToolFailed)
        with pytest.raises(NeedsApproval, match="nobody knows"):
            await post.box(done).call("send", {"to": "a@x"}, step="s1")
    assert post.sent == ["a@x"]


async def test_a_person_tells_what_came_of_it(path):
    post = Post(keyed=False)
    await crash(post, path, "after", "a@x")
    with Ledger(path) as done:
        done.outcome(done.unknown[0], Observation("a person saw it in the outbox"))
        seen = await post.box(done).call("send", {"to": "a@x"}, step="s1")
    assert (seen.value, post.sent) == ("a person saw it in the outbox", ["a@x"])


@pytest.mark.parametrize("gated", [False, True])
async def test_a_person_has_it_done_again_once(path, gated):
    post = Post(keyed=False)

    def box(done):
        async def gate(call):
            if not done.use_approval(call):
                raise NeedsApproval("may I?", call)

        return post.box(done, gates=[gate] if gated else [])

    with Ledger(path) as done:
        if gated:
            with pytest.raises(NeedsApproval) as asked:
                await box(done).call("send", {"to": "a@x"}, step="s1")
            done.approve(asked.value.request, by="Kim")
        post.crash = "before"
        with pytest.raises(Crash):
            await box(done).call("send", {"to": "a@x"}, step="s1")
    with Ledger(path) as done:
        with pytest.raises(NeedsApproval, match="nobody knows"):
            await box(done).call("send", {"to": "a@x"}, step="s1")
        done.approve(done.unknown[0], by="Kim")
        post.crash = "before"
        with pytest.raises(Crash):
            await box(done).call("send", {"to": "a@x"}, step="s1")
    with Ledger(path) as done, pytest.raises(NeedsApproval, match="nobody knows"):
        await box(done).call("send", {"to": "a@x"}, step="s1")
    assert post.sent == []


async def test_an_irreversible_step_that_was_changed_while_it_was_open_waits_for_a_person(path):
    post = Post()
    with Ledger(path) as done:
        done[PLAN] = plan(step("s1", "send", to="a@x"))
    await crash(post, path, "after", "a@x")
    with Ledger(path) as done:
        done[PLAN] = plan(step("s1", "send", to="b@x"), version=2)
        with pytest.raises(NeedsApproval, match="plan was") as asked:
            await post.box(done).call("send", {"to": "b@x"}, step="s1")
        assert asked.value.request.arguments == {"to": "a@x"}
        done.outcome(asked.value.request, Observation(error=errors.ToolFailed("never sent")))
        seen = await post.box(done).call("send", {"to": "b@x"}, step="s1")
    assert seen.value == "sent to b@x"


async def test_gates_judge_what_will_be_sent_and_nobody_edits_it(path):
    post, judged = Post(), []
    await crash(post, path, "after", "a@x")

    async def gate(call):
        judged.append(dict(call.arguments))
        raise NeedsApproval("may I?", call)

    async def edit(call):
        return replace(call, arguments={"to": "c@x"})

    with Ledger(path) as done:
        tools = post.box(done, gates=[gate], reviewer=edit)
        seen = await tools.call("send", {"to": "b@x"}, step="s1")
    assert isinstance(seen.error, errors.Refused)
    assert (judged, post.sent) == ([{"to": "a@x"}], ["a@x"])


async def test_arguments_that_json_writes_otherwise_come_back_as_they_were(path):
    seen = []

    @tool(risk=Risk.HIGH)
    async def tag(words: set[str], pair: tuple[int, str], call: Call) -> str:
        """Put tags on."""
        seen.append((words, pair, call.key))
        if len(seen) == 1:
            raise Crash
        return "ok"

    arguments = {"words": ["b", "a"], "pair": [1, "x"]}
    with Ledger(path) as done:
        box = guarded(Toolbox([tag], run_id=done.run_id), journal=done)
        with pytest.raises(Crash):
            await box.call("tag", arguments, step="s1")
    with Ledger(path) as done:
        box = guarded(Toolbox([tag], run_id=done.run_id), journal=done)
        await box.call("tag", {"words": ["z"], "pair": [2, "y"]}, step="s1")
    assert seen[0] == seen[1] == ({"a", "b"}, (1, "x"), seen[0][2])


def test_a_toolbox_of_another_run_is_refused(path):
    with Ledger(path, "mine") as done:
        for make in (
            lambda: guarded(Toolbox([], run_id="other"), journal=done),
            lambda: Toolbox([], journal=done),
        ):
            with pytest.raises(BadInput, match="mine"):
                make()
        guarded(Toolbox([], run_id="mine"), journal=done)


LETTER = plan(
    step("s1", "execute_transaction", to="Lumen", amount=5.0, memo="lamp"),
    step("s2", "write_file", path="reports/a.md", content="paid"),
    step(
        "s3",
        "send_email",
        ["s1"],
        to="a@acme.example",
        subject="paid",
        body=Ref(step="s2", path=""),
    ),
    step("s4", "read_file", ["s3"], path="reports/a.md"),
    goal="Pay and tell.",
)


class Crashing(Ledger):
    """Crashes at the n-th time that it is written to, before or after."""

    left, after = -1, False

    def _add(self, kind, call, **data):
        self._count_down(False)
        event = super()._add(kind, call, **data)
        self._count_down(True)
        return event

    def __setitem__(self, id, value):
        self._count_down(False)
        super().__setitem__(id, value)
        self._count_down(True)

    def _count_down(self, after):
        if after == self.after:
            self.left -= 1
            if self.left == 0:
                raise Crash


@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_at_any_boundary_loses_and_doubles_nothing(tmp_path, after):
    async def go(done, world):
        model, _ = scripted(says("done"))
        tools = guarded(world.tools, journal=done)
        options = {"planner": model, "executor": model, "tools": tools, "limit": 1}
        return await run_plan_execute("Pay and tell.", done=done, **options)

    ended, at = False, 0
    while not ended:
        at += 1
        path = tmp_path / f"{at}.db"
        with open_world() as world:
            paid = len(world.transactions())
            with Crashing(path, world.tools.run_id) as done:
                done[PLAN] = LETTER
                done.left, done.after = at, after
                try:
                    await go(done, world)
                    ended = True
                except Crash:
                    pass
            with Ledger(path) as done:
                result = await go(done, world)
                assert (result.answer, done.unknown) == ("done", ())
                assert set(done) == {PLAN, "s1", "s2", "s3", "s4"}
            assert (len(world.transactions()) - paid, len(world.sent())) == (1, 1)
    assert at > 8


# ---- approvals


def call_to(to="a@x", key="k", step="s1"):
    return Call("send", {"to": to}, key, Risk.HIGH, step, {"to": frozenset()})


def test_an_approval_is_for_that_very_call_and_for_once(path):
    with Ledger(path) as done:
        done.approve(call_to(), by="Kim")
        assert not done.use_approval(call_to("b@x"))
        assert not done.use_approval(call_to(key="other"))
        assert done.approved(call_to())
        assert done.use_approval(call_to())
        assert not done.approved(call_to())
        assert not done.use_approval(call_to())


@pytest.mark.parametrize("used", [False, True])
def test_an_approval_outlives_the_process(path, used):
    with Ledger(path) as done:
        done.approve(call_to(), by="Kim")
        if used:
            done.use_approval(call_to())
    with Ledger(path) as done:
        assert done.use_approval(call_to()) == (not used)


def test_an_approval_expires(path):
    now = [100.0]
    with Ledger(path, clock=lambda: now[0]) as done:
        done.approve(call_to(), by="Kim", seconds=10)
        now[0] = 110
        assert done.approved(call_to())
        now[0] = 110.1
        assert not done.use_approval(call_to())


def test_an_approval_is_stale_once_the_plan_was_revised(path):
    with Ledger(path) as done:
        done[PLAN] = plan(step("s1", "send", to="a@x"))
        done.approve(call_to(), by="Kim")
        done[PLAN] = plan(step("s1", "send", to="a@x"), step("s2", number=1), version=2)
        assert not done.use_approval(call_to())
    with Ledger(path) as done:
        assert not done.use_approval(call_to())
        done.approve(call_to(), by="Kim")
        assert done.use_approval(call_to())


def test_a_call_begun_under_an_approval_is_sent_again_under_it(path):
    with Ledger(path) as done:
        done.approve(call_to(), by="Kim")
        assert done.use_approval(call_to())
        done.intent(call_to())
    with Ledger(path) as done:
        assert done.use_approval(call_to())
        assert not done.use_approval(call_to("b@x"))
        done.outcome(done.intent(call_to()), Observation("sent"))
        assert not done.use_approval(call_to())


@pytest.mark.parametrize(
    ("request_", "options"),
    [
        ("send it", {"by": "Kim"}),
        (call_to(), {"by": " "}),
        (call_to(), {"by": "Kim", "seconds": 0}),
        (call_to(), {"by": "Kim", "seconds": math.nan}),
    ],
)
def test_an_approval_without_meaning_is_refused(path, request_, options):
    with Ledger(path) as done:
        with pytest.raises(BadInput):
            done.approve(request_, **options)
        assert not done.approved(call_to())


# ---- the chain of events


def filled(path, count=6):
    with Ledger(path, clock=lambda: 5.0) as done:
        for number in range(count):
            done.record("note", call_to(key=str(number)), text=f"note {number}")
        return done.head


EDITS = [
    "UPDATE events SET body = replace(body, 'note 3', 'note 9')",
    "UPDATE events SET at = 6.0 WHERE number = 2",
    "UPDATE events SET kind = 'approval' WHERE number = 6",
    "DELETE FROM events WHERE number = 1",
    "DELETE FROM events WHERE number = 3",
    "DELETE FROM events WHERE number = 6",
    "DELETE FROM events",
    "DELETE FROM events WHERE number > 4",
    "INSERT INTO events SELECT number + 6, at, kind, body, hash FROM events WHERE number = 6",
    "INSERT INTO events SELECT 0, at, kind, body, hash FROM events WHERE number = 1",
    "UPDATE events SET number = -1 WHERE number = 2; UPDATE events SET number = 2 WHERE number = 3;"
    "UPDATE events SET number = 3 WHERE number = -1",
    "DELETE FROM events WHERE number = 6; UPDATE meta SET value = '5' WHERE name = 'events'",
    "UPDATE meta SET value = '7' WHERE name = 'events'",
    "DELETE FROM meta WHERE name = 'head'",
]


@pytest.mark.parametrize("edit", EDITS)
async def test_any_change_to_the_events_shows_and_nothing_more_is_done(path, edit):
    filled(path)
    database = sqlite3.connect(path)
    database.executescript(edit)
    database.close()
    post = Post()
    with Ledger(path) as done:
        done["s1"] = 1
        with pytest.raises(BadFile, match="somebody"):
            done.verify()
        with pytest.raises(BadFile, match="somebody"):
            await post.box(done).call("send", {"to": "a@x"}, step="s1")
    assert post.sent == []


def test_the_first_event_that_was_changed_is_named(path):
    filled(path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE events SET at = 6.0 WHERE number IN (4, 5)")
    database.close()
    with Ledger(path) as done, pytest.raises(BadFile, match="Event 4 "):
        done.verify()


def test_an_event_that_is_forged_with_its_hash_breaks_the_next(path):
    filled(path)
    database = sqlite3.connect(path)
    ((before,),) = database.execute("SELECT hash FROM events WHERE number = 3")
    ((at, kind, body),) = database.execute("SELECT at, kind, body FROM events WHERE number = 4")
    forged = body.replace("note 3", "note 9")
    row = (forged, _hash(before, 4, at, kind, forged))
    database.execute("UPDATE events SET body = ?, hash = ? WHERE number = 4", row)
    database.commit()
    database.close()
    with Ledger(path) as done, pytest.raises(BadFile, match="Event 5 "):
        done.verify()


def test_a_clock_may_count_whole_seconds(path):
    with Ledger(path, clock=lambda: 7) as done:
        done.record("note", text="tick")
    with Ledger(path) as done:
        assert [event.at for event in done.events] == [7.0]


def test_events_are_as_they_were_recorded(path):
    head = filled(path)
    with Ledger(path) as done:
        done.verify()
        assert done.head == head == done.events[-1].hash
        assert [e.data["text"] for e in done.events] == [f"note {n}" for n in range(6)]
        assert [e.number for e in done.events] == [1, 2, 3, 4, 5, 6]
        assert done.events[0].call == call_to(key="0")
        with pytest.raises(BadInput, match="note"):
            done.record("note", what=object())
        done.verify()


@pytest.mark.parametrize("kind", ["intent", "outcome", "again", "approval", "approval used"])
def test_nobody_records_what_the_journal_records(path, kind):
    with Ledger(path) as done:
        with pytest.raises(BadInput, match=kind):
            done.record(kind, call_to())
        assert done.events == ()


def test_another_history_has_another_head(path, tmp_path):
    assert filled(path) != filled(tmp_path / "other.db", 5)


# ---- files


def python(program, *arguments, wait=True):
    command = [sys.executable, "-c", dedent(program), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if not wait:
        return process
    out, problem = process.communicate(timeout=50)
    assert process.returncode == 0, problem
    return out


def foreign(path):
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE finished (a)")
    database.commit()
    database.close()


def newer(path):
    filled(path)
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 2")
    database.close()


def torn(path):
    filled(path, 200)
    os.truncate(path, path.stat().st_size - 3000)


def scribbled(path):
    filled(path, 200)
    whole = path.read_bytes()
    path.write_bytes(whole[:3000] + random.Random(1).randbytes(2000) + whole[5000:])


def scribbled_at_the_end(path):
    """Where no result stands, and nothing is read before it is asked for."""
    filled(path, 200)
    whole = path.read_bytes()
    path.write_bytes(whole[:-4000] + random.Random(1).randbytes(4000))


FILES = [
    (lambda path: path.write_text("dear diary"), "not a ledger"),
    (lambda path: path.write_text("dear diary" * 100), "not a ledger"),
    (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(200)), "not a ledger"),
    (foreign, "not a ledger"),
    (newer, "newer"),
    (torn, "damaged"),
    (scribbled, "damaged"),
    (scribbled_at_the_end, "damaged"),
]


@pytest.mark.parametrize(("make", "words"), FILES)
def test_a_file_that_is_no_ledger_is_left_as_it_is(path, make, words):
    make(path)
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(BadFile, match=words):
            Ledger(path)
        assert path.read_bytes() == before
        assert sorted(p.name for p in path.parent.iterdir()) == [path.name]


def test_a_folder_is_no_ledger(tmp_path):
    with pytest.raises(BadFile, match="directory"):
        Ledger(tmp_path)


def test_a_value_that_was_damaged_is_named(path):
    with Ledger(path) as done:
        done["s1"], done["s2"] = [1, 2], 3
    database = sqlite3.connect(path)
    database.execute("UPDATE finished SET value = '[1, ' WHERE id = 's1'")
    database.commit()
    database.close()
    with Ledger(path) as done:
        assert done["s2"] == 3
        with pytest.raises(BadFile, match="'s1'"):
            done["s1"]


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(NotSaved, match="cannot be written"):
        Ledger(tmp_path / "nowhere" / "run.db")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users as on Unix")
@pytest.mark.parametrize("there", [False, True])
def test_a_folder_that_cannot_be_written_is_told(there):
    # A folder of its own: pytest's are closed to the other user that root has to become.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.db"
        if there:
            filled(path)
            path.chmod(0o444)
        Path(folder).chmod(0o555)
        told = python(
            """
            import os, sys
            from planlab.errors import NotSaved
            from planlab.ledger import Ledger
            if os.geteuid() == 0:
                os.setuid(65534)
            try:
                Ledger(sys.argv[1])["s1"] = 1
            except NotSaved as error:
                print(error)
            """,
            path,
        )
        Path(folder).chmod(0o755)
    assert "cannot be written" in told


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits as on Unix")
def test_a_full_disk_loses_nothing_that_was_finished(path):
    told = python(
        """
        import resource, sys
        from planlab.errors import NotSaved
        from planlab.ledger import Ledger
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        with Ledger(sys.argv[1]) as done:
            done["s0"] = "first"
            done.record("note", n=0)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, most))
            for n in range(1, 1000):
                try:
                    done.record("note", n=n)
                    done[f"s{n}"] = "x" * 1000
                except NotSaved as error:
                    print(error)
                    break
            print(len(done), len(done.events))
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            done["later"] = "there is room again"
            done.verify()
            print(len(done))
        """,
        path,
    )
    problem, counts, later = told.splitlines()
    assert "cannot be written" in problem
    steps, events = map(int, counts.split())
    assert 10 < steps <= events <= steps + 1
    with Ledger(path) as done:
        done.verify()
        assert (len(done), len(done.events)) == (int(later), events)
        assert (done["s0"], done["later"]) == ("first", "there is room again")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_journal_that_is_cut_anywhere_holds_what_was_written_before_the_cut(path, tmp_path):
    process = python(
        """
        import os, signal, sys
        from planlab.ledger import Ledger
        done = Ledger(sys.argv[1])
        for n in range(40):
            done[f"s{n}"] = n
            done.record("note", n=n)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        path,
        wait=False,
    )
    process.communicate(timeout=50)
    whole = path.with_name("run.db-wal").read_bytes()
    rng, seen = random.Random(1), set()
    for number, cut in enumerate([*(rng.randrange(len(whole)) for _ in range(20)), len(whole)]):
        copy = tmp_path / str(number) / "run.db"
        copy.parent.mkdir()
        copy.write_bytes(path.read_bytes())
        copy.with_name("run.db-wal").write_bytes(whole[:cut])
        with Ledger(copy) as done:
            done.verify()
            assert dict(done) == {f"s{n}": n for n in range(len(done))}
            assert len(done) - len(done.events) in (0, 1)
            seen.add(len(done))
    assert len(seen) > 10
    assert max(seen) == 40


def test_a_second_process_is_kept_out_until_the_first_is_killed(path):
    first = python(
        """
        import sys, time
        from planlab.ledger import Ledger
        with Ledger(sys.argv[1]) as done:
            done["s1"] = 1
            print("open", flush=True)
            time.sleep(60)
        """,
        path,
        wait=False,
    )
    try:
        assert first.stdout.readline() == "open\n"
        with pytest.raises(InUse, match="one at a time"):
            Ledger(path)
    finally:
        first.send_signal(signal.SIGKILL)
        first.communicate()
    with Ledger(path) as done:
        assert done["s1"] == 1


def test_a_closed_ledger_says_so_and_can_still_be_read(path):
    with Ledger(path) as done:
        done["s1"] = 1
    done.close()
    assert done["s1"] == 1
    for use in (lambda: done.update(s2=2), lambda: done.record("note"), lambda: done.verify()):
        with pytest.raises(BadInput, match="closed"):
            use()


async def test_another_thread_is_told_to_keep_out(path):
    with Ledger(path) as done:
        with pytest.raises(BadInput, match="thread"):
            await asyncio.to_thread(done.__setitem__, "s1", 1)
        assert "s1" not in done


@pytest.mark.parametrize(("sync", "level"), [("process", 1), ("power", 2)])
def test_the_two_settings_differ_by_their_pragma(path, sync, level):
    with Ledger(path, sync=sync) as done:
        found = {name: done._file.read(f"PRAGMA {name}")[0][0] for name in PRAGMAS}
    assert found == {"synchronous": level, "journal_mode": "wal", "locking_mode": "exclusive"}


PRAGMAS = ("synchronous", "journal_mode", "locking_mode")


def test_another_setting_is_refused(path):
    with pytest.raises(BadInput, match="power"):
        Ledger(path, sync="none")
    assert not path.exists()
