"""The buttons of a review as ipywidgets: Approve, Edit, Reject, and what was decided."""

import ipywidgets as widgets

from planlab.errors import PlanlabError
from planlab.records import Plan
from planlab.reviewing import Approve, Decision, Reject, apply_decision
from planlab.show.review import ButtonReviewer
from planlab.show.shown import Shown, as_html, one_line
from planlab.tools import Call

_STYLE = """<style>
.planlab-review p { line-height: 1.5; margin: 0 0 4px; }
.planlab-review td, .planlab-review th { padding: 0 16px 0 0; }
</style>"""


class ReviewForm:
    """One question; `decision` is None until a person has decided, and never changes after."""

    def __init__(self, reviewer: ButtonReviewer, asked: Call | Plan) -> None:
        self.decision: Decision | None = None
        self._reviewer = reviewer
        self._asked = asked
        self._open = True
        what = "steps" if isinstance(asked, Plan) else "arguments"
        self.question = widgets.HTML(_STYLE + _page(reviewer.render(asked)))
        self.approve = _button("Approve", "Let it go on exactly as it is shown", "success")
        self.edit = _button("Edit", f"Change the {what} before it goes on")
        self.reject = _button("Reject", "Do not let it go on", "danger")
        self.reason = _labelled(widgets.Text, "Reason to reject:", placeholder="Why not?")
        draft = reviewer.draft(asked)
        rows = min(24, draft.count("\n") + 2)
        self.text = _labelled(widgets.Textarea, f"The {what}, as JSON:", value=draft, rows=rows)
        self.use = _button("Approve as edited", "Check the text, and let it go on", "success")
        self.editor = widgets.VBox([self.text, self.use], layout={"display": "none"})
        self.said = widgets.HTML(_status("Waiting for this page to answer."))
        self.pulses = widgets.Box(layout={"display": "none"})
        self._knocks, self._answered = 0, False
        self.approve.on_click(lambda _: self._decide(Approve(), "Approved, as it is shown."))
        self.edit.on_click(lambda _: self._toggle())
        self.use.on_click(lambda _: self._use())
        self.reject.on_click(lambda _: self._refuse())

    def display(self, question: Shown) -> Shown:
        """The form, with the question as text beside it for whoever cannot show widgets."""
        choices = widgets.HBox([self.approve, self.edit])
        refusal = widgets.HBox([self.reason, self.reject])
        parts = [self.question, choices, self.editor, refusal, self.said, self.pulses]
        bundle = widgets.VBox(parts).add_class("planlab-review")._repr_mimebundle_()
        return Shown(question.text, {**bundle, **question.forms})

    def knock(self) -> bool:
        """Whether a page has answered, or a person decided; asks the page once more.

        A page counts up a `Play` that it shows, and what it counts comes back only where clicks do
        too. What Lab sends in its first moment waits for the end of the cell, and all of that
        widget's after it: so there is a new one every 20 knocks.
        """
        if self._knocks % 20 == 0:
            pulse = widgets.Play(min=0, max=1)
            pulse.observe(self._hear, "value")
            self.pulses.children += (pulse,)
        self._knocks += 1
        for pulse in self.pulses.children:
            pulse.playing = not pulse.playing
        return self._answered or not self._open

    def _hear(self, _: object) -> None:
        if self._open and not self._answered:
            self._answered = True
            self.said.value = _status("Nothing goes on until you decide.")

    def close(self, said: str) -> None:
        """Take no more answers, and say why."""
        self._open = False
        parts = (self.approve, self.edit, self.reject, self.reason, self.text, self.use)
        for part in parts:
            part.disabled = True
        self.editor.layout.display = "none"
        self.said.value = _status(said)

    def _decide(self, decision: Decision, said: str, page: str = "") -> None:
        if self._open:
            self.decision = decision
            self.close(said)
            self.said.value += page

    def _toggle(self) -> None:
        """Open or close the editor; while it is open, the original cannot go on by mistake."""
        if not self._open:
            return
        opened = self.editor.layout.display == "none"
        self.editor.layout.display = "" if opened else "none"
        self.approve.disabled = opened
        self.edit.description = "Close the editor" if opened else "Edit"
        if opened:
            self.text.focus()

    def _use(self) -> None:
        try:
            edit = self._reviewer.parse(self.text.value, self._asked)
        except PlanlabError as error:
            if self._open:
                self.said.value = _status(f"Not used: {error.message}", role="alert")
            return
        edited = apply_decision(self._asked, edit)
        self._decide(edit, "Approved as edited:", _page(self._reviewer.render(edited)))

    def _refuse(self) -> None:
        reason = one_line(self.reason.value) or "no reason was given"
        self._decide(Reject(reason), f"Rejected: {reason}")


def _button(description: str, tooltip: str, style: str = "") -> widgets.Button:
    layout = {"width": "auto", "flex": "0 0 auto", "align_self": "flex-start"}
    return widgets.Button(
        description=description, tooltip=tooltip, button_style=style, layout=layout
    )


def _labelled(kind: type[widgets.DOMWidget], label: str, **options: object) -> widgets.DOMWidget:
    style = {"description_width": "initial"}
    return kind(description=label, style=style, layout={"width": "95%"}, **options)


def _page(shown: Shown) -> str:
    return shown.forms["text/html"]


def _status(text: str, role: str = "status") -> str:
    """A live region: a screen reader reads it out when it changes."""
    return f'<div role="{role}">{as_html(text)}</div>'
