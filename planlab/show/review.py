"""A person decides by buttons: approve, edit or reject a call, or a plan before it runs.

    guarded(toolbox, gates=..., reviewer=ButtonReviewer(toolbox))   # calls
    run_plan_execute(goal, review=ButtonReviewer(toolbox), ...)     # plans

It never waits for nobody: where no page shows the buttons, a script decides or an error says so.
"""

import asyncio
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ConfigDict, TypeAdapter, ValidationError

from planlab.errors import BadInput, NeedsApproval
from planlab.planning import blocking
from planlab.progress import Progress
from planlab.records import Goal, Plan, Step, ToolCall, as_text
from planlab.reviewing import Decision, Edit, Person, ScriptedReviewer, name_of
from planlab.show.diagrams import plan_diagram
from planlab.show.shown import NO_MATH, Shown, as_html, one_line
from planlab.show.tables import show_plan, show_table
from planlab.toolbox import Toolbox
from planlab.tools import Call, Risk, in_words, parse_arguments

if TYPE_CHECKING:
    from planlab.show.review_form import ReviewForm

POLL = 0.1  # seconds: an event loop that only waits does not hear an Interrupt
_STEPS = TypeAdapter(tuple[Step, ...], config=ConfigDict(title="steps"))
_RISKS = {
    Risk.LOW: "LOW: it changes nothing",
    Risk.MEDIUM: "MEDIUM: what it changes can be restored",
    Risk.HIGH: "HIGH: it cannot be taken back",
}


@dataclass(frozen=True)
class ButtonReviewer(Person):
    """Asks by buttons in the notebook; each call and each plan gets its own.

    `tools` judges edited arguments and plans; `goal` (the plan's own text, if None) and `hows` (the
    ways a step can be run) judge plans too. `scripted` decides where nobody can click; without it
    that raises `NeedsApproval`. `patience` is in seconds: so long may a page take to show them.
    """

    tools: Toolbox
    goal: Goal | None = None
    hows: Collection[str] = ("tool",)
    scripted: ScriptedReviewer | None = None
    patience: float = 30.0

    async def decide(self, asked: Call | Plan) -> Decision:
        """What the buttons or the script say; raises `NeedsApproval` where there are neither."""
        question = self.render(asked)
        if isinstance(asked, Plan):
            _display(plan_diagram(asked))
        decision = await self._by_buttons(asked, question) if _takes_answers() else None
        if decision is None:
            return await self._without_buttons(asked, question)
        if isinstance(decision, Edit) and isinstance(decision.to, Plan):
            _display(plan_diagram(decision.to))
        return decision

    def render(self, asked: Call | Plan) -> Shown:
        """What is to be decided, whole: nothing of it is cut, and nothing in it is live."""
        return self._call(asked) if isinstance(asked, Call) else self._plan(asked)

    def parse(self, text: str, asked: Call | Plan) -> Edit:
        """The edit in a text: all of a call's arguments, or a plan's steps, as JSON.

        Raises `BadInput` or `BadArguments`, which say what is wrong.
        """
        if isinstance(asked, Plan):
            return Edit(self._edited_plan(asked, text))
        arguments = parse_arguments(ToolCall("", asked.tool, text))
        return Edit(self.tools[asked.tool].check(arguments))

    def draft(self, asked: Call | Plan) -> str:
        """The text that a person starts to edit from."""
        if isinstance(asked, Plan):
            return _STEPS.dump_json(asked.steps, indent=1).decode()
        arguments = self.tools[asked.tool].parameters(**asked.arguments)
        return json.dumps(arguments.model_dump(mode="json"), indent=1, ensure_ascii=False)

    def _edited_plan(self, plan: Plan, text: str) -> Plan:
        try:
            steps = _STEPS.validate_json(text)
        except ValidationError as error:
            said = in_words(error).removeprefix("arguments: ")
            raise BadInput(f"These are no steps: {said}.") from None
        edited = plan.model_copy(update={"steps": steps})
        known = self._defects(plan)
        wrong = [defect for defect in self._defects(edited) if defect not in known]
        if wrong:
            raise BadInput(f"This plan cannot run. {' '.join(wrong)}")
        return edited

    def _call(self, call: Call) -> Shown:
        tool = self.tools[call.tool]
        rows = [
            {
                "argument": name,
                "value": as_text(value),
                "may come from": ", ".join(sorted(call.taint.get(name, ()))) or "trusted sources",
            }
            for name, value in call.arguments.items()
        ]
        changed = f" It changes: {as_text(call.arguments[tool.writes])}." if tool.writes else ""
        said = [
            f"May {call.tool} be called" + (f", for step {call.step}?" if call.step else "?"),
            f"Risk {_RISKS[call.risk]}.",
            f"What it does: {tool.description}{changed}",
        ]
        return _under(said, show_table(rows) if rows else Shown("It takes no arguments."))

    def _plan(self, plan: Plan) -> Shown:
        risky = [
            f"{step.id} ({tool.name})"
            for step in plan.steps
            for tool in self.tools
            if tool.name == step.tool and tool.risk is Risk.HIGH
        ]
        said = ["May this plan run?", *self._defects(plan)]
        said.append(f"What cannot be taken back: {', '.join(risky) or 'nothing in it'}.")
        return _under(said, show_plan(plan))

    def _defects(self, plan: Plan) -> list[str]:
        """What keeps the plan from running, in words."""
        goal = self.goal or Goal(text=plan.goal, outputs=(), constraints=())
        found = blocking(Progress(plan, {}), goal, self.tools, self.hows)
        return [f"{defect.problem} {defect.repair}" for defect in found]

    async def _by_buttons(self, asked: Call | Plan, question: Shown) -> Decision | None:
        """The decision; None where no page showed the buttons in time."""
        # Here, since ipywidgets is needed only where there are buttons.
        from planlab.show.review_form import ReviewForm

        form = ReviewForm(self, asked)
        _display(form.display(question))
        try:
            if not await _is_seen(form, self.patience):
                form.close("No page has shown these buttons: nothing was decided.")
                return None
            while form.decision is None:  # noqa: ASYNC110 (see POLL)
                await asyncio.sleep(POLL)
        except BaseException:
            form.close("Stopped: nothing was approved.")
            raise
        return form.decision

    async def _without_buttons(self, asked: Call | Plan, question: Shown) -> Decision:
        _display(question)
        if self.scripted is not None:
            return await self.scripted.decide(asked)
        raise NeedsApproval(
            f"{name_of(asked)} waits for a person, and nobody can click here: no page shows "
            "buttons. Where nobody is there, say who decides: ButtonReviewer(..., scripted=...).",
            asked,
        )


async def _is_seen(form: "ReviewForm", patience: float) -> bool:
    for _ in range(int(patience / POLL) + 1):
        if form.knock():
            return True
        await asyncio.sleep(POLL)
    return False


def _takes_answers() -> bool:
    """Whether this cell was sent by something that a person can answer in.

    Jupyter's messages say so (`allow_stdin`); nbclient and nbval say no.
    """
    from IPython import get_ipython

    shell = get_ipython()
    request = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return bool(request.get("content", {}).get("allow_stdin"))


def _display(shown: object) -> None:
    from IPython.display import display

    display(shown)


def _under(said: list[str], table: Shown) -> Shown:
    """Sentences, then a table."""
    lines = [one_line(line) for line in said]
    page = "".join(f"<p>{as_html(line)}</p>" for line in lines)
    rest = table.forms.get("text/html", f"<p>{as_html(table.text)}</p>")
    return Shown(
        "\n".join([*lines, table.text]), {"text/html": f"<div {NO_MATH}>{page}{rest}</div>"}
    )
