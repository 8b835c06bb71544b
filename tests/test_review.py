"""Reviews by buttons: what a person sees, what each click does, and nobody being there."""

import asyncio
import json
from dataclasses import replace
from html.parser import HTMLParser

import nbformat
import pytest
from jupyter_client.manager import start_new_async_kernel
from nbclient import NotebookClient

from planlab.errors import BadInput, NeedsApproval, Refused, UnknownTool
from planlab.records import Argument, Goal, Plan, Step
from planlab.reviewing import Approve, Edit, Reject, ScriptedReviewer, apply_decision
from planlab.show import review
from planlab.show.review import ButtonReviewer
from planlab.show.review_form import ReviewForm
from planlab.toolbox import Toolbox, guarded
from planlab.tools import Call, Risk, tool

EVIL = "<img src=x onerror=alert(1)> \u202epay"
GOAL = "Refund the customer"


@tool(risk=Risk.HIGH, writes="account")
async def pay(account: str, amount: float, call: Call) -> str:
    """Pay an amount in US dollars into an account."""
    return f"{amount} to {account}"


@tool(risk=Risk.LOW)
async def look() -> str:
    """Look at the orders."""
    return "1 order"


TOOLS = Toolbox((pay, look))
REVIEWER = ButtonReviewer(TOOLS)
CALL = Call(
    "pay",
    {"account": "A-1", "amount": 40.0},
    key="k",
    risk=Risk.HIGH,
    step="s2",
    taint={"account": frozenset({"mail"}), "amount": frozenset()},
)


def step(id, tool, *needs, **arguments):
    return Step(
        id=id,
        description=f"Do the part {id} of the orders",
        how="tool",
        tool=tool,
        arguments=tuple(Argument(name=name, value=value) for name, value in arguments.items()),
        depends_on=needs,
        output=f"out_{id}",
        expected_output="",
    )


PLAN = Plan(
    goal=GOAL,
    reasoning="",
    steps=(step("s1", "look"), step("s2", "pay", "s1", account="A-1", amount=40.0)),
    version=3,
)


def form_of(asked):
    return ReviewForm(REVIEWER, asked)


def edit(form, text):
    form.edit.click()
    form.text.value = text
    form.use.click()


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


# What a person sees


def test_a_call_is_shown_with_its_risk_effect_arguments_and_their_taint():
    text = str(REVIEWER.render(CALL))
    for part in ("pay", "s2", "HIGH", "cannot be taken back", "It changes: A-1", "40", "mail"):
        assert part in text


def test_nothing_of_a_long_argument_is_hidden():
    body = "word " * 2000 + "the end"
    shown = REVIEWER.render(replace(CALL, arguments={"account": body, "amount": 1.0}))
    assert "the end" in shown.text
    assert "the end" in shown.forms["text/html"]


@pytest.mark.parametrize(
    "asked",
    [
        replace(CALL, arguments={"account": EVIL, "amount": 1.0}, step=EVIL),
        replace(CALL, taint={"account": frozenset({EVIL})}),
        PLAN.model_copy(update={"goal": EVIL}),
        PLAN.model_copy(update={"steps": (step(EVIL, EVIL, EVIL, x=EVIL),)}),
    ],
)
def test_markup_and_control_characters_in_a_question_stay_text(asked):
    shown = REVIEWER.render(asked)
    assert "img" not in Tags(shown.forms["text/html"]).tags
    assert "onerror" in shown.text
    assert "\u202e" not in shown.text + shown.forms["text/html"]


def test_a_plan_is_shown_with_what_cannot_be_taken_back_and_what_is_wrong():
    assert "What cannot be taken back: s2 (pay)." in str(REVIEWER.render(PLAN))
    broken = PLAN.model_copy(update={"steps": (step("s1", "ghost"),)})
    assert "'ghost', which is not on offer" in str(REVIEWER.render(broken))


# What a click does


@pytest.mark.parametrize("asked", [CALL, PLAN])
def test_approve_lets_exactly_what_is_shown_go_on(asked):
    form = form_of(asked)
    form.approve.click()
    assert form.decision == Approve()
    assert "Approved" in form.said.value


@pytest.mark.parametrize("asked", [CALL, PLAN])
def test_reject_keeps_the_reason_that_is_typed(asked):
    form = form_of(asked)
    form.reason.value = "too <much>"
    form.reject.click()
    assert form.decision == Reject("too <much>")
    assert "too &lt;much&gt;" in form.said.value


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"account": "A-1"}', "amount: Field required"),
        ('{"account": "A-1", "amount": "much"}', "amount: Input should be a valid number"),
        ('{"account": "A-1", "amount": 5, "extra": 1}', "extra"),
    ],
)
def test_a_bad_edit_of_a_call_says_what_is_wrong_and_stays_open(text, named):
    form = form_of(CALL)
    edit(form, text)
    assert form.decision is None
    assert named in form.said.value
    assert not form.use.disabled
    form.text.value = '{"account": "A-1", "amount": 5}'
    form.use.click()
    assert form.decision == Edit({"account": "A-1", "amount": 5.0})
    assert "5" in form.said.value


def test_the_draft_of_a_call_is_the_call():
    form = form_of(CALL)
    edit(form, form.text.value)
    assert apply_decision(CALL, form.decision) == CALL


def test_the_draft_of_a_plan_is_the_plan():
    assert REVIEWER.parse(REVIEWER.draft(PLAN), PLAN) == Edit(PLAN)


def steps_without(*ids, **changes):
    kept = [s.model_copy(update=changes) for s in PLAN.steps if s.id not in ids]
    return json.dumps([s.model_dump() for s in kept])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[{}]", "0.id: Field required"),
        ("nonsense", "Invalid JSON"),
        ("[]", "has no steps"),
        (steps_without("s1"), "needs &#x27;s1&#x27;, which is no step"),
        (steps_without(tool="ghost"), "not on offer"),
        (steps_without(how="react"), "nobody here does"),
        (steps_without(depends_on=("s2", "s1")), "can never start"),
    ],
)
def test_a_bad_edit_of_a_plan_says_what_is_wrong_and_stays_open(text, named):
    form = form_of(PLAN)
    edit(form, text)
    assert form.decision is None
    assert named in form.said.value
    form.text.value = steps_without("s2")
    form.use.click()
    assert form.decision == Edit(PLAN.model_copy(update={"steps": PLAN.steps[:1]}))


def test_an_edit_need_not_mend_what_was_wrong_before():
    broken = PLAN.model_copy(update={"steps": (step("s0", "ghost"), *PLAN.steps)})
    text = json.dumps([s.model_dump() for s in broken.steps[:2]])
    assert len(REVIEWER.parse(text, broken).to.steps) == 2


def test_a_goal_given_to_the_reviewer_judges_the_edit():
    strict = ButtonReviewer(TOOLS, goal=Goal(text=GOAL, outputs=("out_s2",), constraints=()))
    with pytest.raises(BadInput, match="'out_s2', and no step makes it"):
        strict.parse(steps_without("s2"), PLAN)


def test_the_original_cannot_go_on_by_mistake_while_the_editor_is_open():
    form = form_of(CALL)
    form.edit.click()
    assert form.approve.disabled
    form.edit.click()
    assert not form.approve.disabled


def test_a_decision_is_final_and_everything_is_disabled():
    form = form_of(CALL)
    form.reject.click()
    decided = form.decision
    form.approve.click()
    edit(form, form.text.value)
    assert form.decision is decided
    for part in (form.approve, form.edit, form.reject, form.reason, form.text, form.use):
        assert part.disabled


# Waiting for a person


@pytest.fixture
def forms(monkeypatch):
    """A notebook's page that shows every form at once: the forms, as they come."""
    shown = asyncio.Queue()
    init = ReviewForm.__init__

    def kept(form, *args):
        init(form, *args)
        shown.put_nowait(form)

    monkeypatch.setattr(ReviewForm, "__init__", kept)
    monkeypatch.setattr(ReviewForm, "knock", lambda form: True)
    monkeypatch.setattr(review, "_takes_answers", lambda: True)
    monkeypatch.setattr(review, "_display", lambda shown: None)
    return shown


async def test_a_toolbox_goes_on_as_the_person_clicks(forms):
    async def asks(call):
        raise NeedsApproval("a person must see this", call)

    box = guarded(TOOLS, gates=(asks,), reviewer=REVIEWER)
    asked = asyncio.create_task(box.call("pay", {"account": "A-1", "amount": 40.0}))
    edit(await forms.get(), '{"account": "A-2", "amount": 1}')
    assert (await asked).unwrap() == "1.0 to A-2"


async def test_a_rejection_is_raised(forms):
    asked = asyncio.create_task(REVIEWER(PLAN))
    (await forms.get()).reject.click()
    with pytest.raises(Refused, match="no reason"):
        await asked


async def test_two_calls_at_once_are_asked_about_apart(forms):
    other = replace(CALL, arguments={"account": "B-9", "amount": 1.0})
    both = [asyncio.create_task(REVIEWER(call)) for call in (CALL, other)]
    first, second = await forms.get(), await forms.get()
    second.approve.click()
    assert await both[1] is other
    assert first.decision is None
    first.approve.click()
    assert await both[0] is CALL


async def test_a_wait_that_is_stopped_closes_the_form_and_approves_nothing(forms):
    asked = asyncio.create_task(REVIEWER(CALL))
    form = await forms.get()
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    form.approve.click()
    assert form.decision is None
    assert "Stopped" in form.said.value


def test_a_page_that_counts_a_pulse_is_heard_once():
    form = form_of(CALL)
    assert not form.knock()
    form.pulses.children[0].value = 1  # as the page sends it
    assert form.knock()
    assert "until you decide" in form.said.value


def test_a_page_that_does_not_answer_is_asked_by_another_pulse():
    form = form_of(CALL)
    assert not any(form.knock() for _ in range(30))
    assert len(form.pulses.children) == 2


# Nobody there


async def test_outside_a_notebook_the_question_is_printed_and_nobody_is_waited_for(capsys):
    with pytest.raises(NeedsApproval, match="scripted="):
        await REVIEWER(CALL)
    assert "May pay be called, for step s2?" in capsys.readouterr().out


async def test_a_script_decides_where_nobody_can_click(capsys):
    halve = ScriptedReviewer([Edit({"amount": 20.0})])
    assert (await ButtonReviewer(TOOLS, scripted=halve)(CALL)).arguments["amount"] == 20.0


async def test_a_script_may_refuse(capsys):
    no = ScriptedReviewer([Reject("no")])
    with pytest.raises(Refused, match="no"):
        await ButtonReviewer(TOOLS, scripted=no)(PLAN)


async def test_a_reviewer_that_fails_has_not_approved(monkeypatch):
    def fail(shown):
        raise RuntimeError("no display")

    monkeypatch.setattr(review, "_display", fail)
    with pytest.raises(Refused, match="the reviewer failed"):
        await REVIEWER(PLAN)


async def test_an_unknown_tool_is_not_asked_about():
    with pytest.raises(UnknownTool):
        await ButtonReviewer(Toolbox((look,)))(CALL)


ASKS = """
from planlab.show.review import ButtonReviewer
from planlab.toolbox import Toolbox
from planlab.tools import Call, Risk, tool

@tool(risk=Risk.HIGH)
async def pay(amount: float) -> str:
    "Pay."
    return "paid"

call = Call("pay", {"amount": 1.0}, "k", Risk.HIGH, "s1", {})
await ButtonReviewer(Toolbox([pay]), patience=0.5)(call)
"""


async def test_nobody_is_waited_for_where_a_notebook_is_run_unattended():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(ASKS)])
    await NotebookClient(notebook, timeout=30, allow_errors=True).async_execute()
    shown, error = notebook.cells[0].outputs
    assert "May pay be called" in shown["data"]["text/plain"]
    assert error.ename == "NeedsApproval"


async def test_a_front_end_that_shows_no_buttons_is_not_waited_for_for_ever():
    manager, client = await start_new_async_kernel()
    try:
        reply = await client.execute_interactive(
            ASKS, allow_stdin=True, timeout=30, output_hook=lambda message: None
        )
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
    assert reply["content"]["ename"] == "NeedsApproval"
