"""A quiz as ipywidgets: choose, say how sure you are, check."""

import ipywidgets as widgets

from planlab.show.quiz import Confidence, Quiz
from planlab.show.shown import NO_MATH, as_html

# A long choice wraps beside its button, not around it.
_STYLE = """<style>
.planlab-radio, .planlab-radio .widget-radio-box { width: auto; max-width: 100%; }
.planlab-radio .widget-radio-box label { display: flex; flex-direction: row-reverse;
  justify-content: flex-end; align-items: flex-start; gap: 8px;
  height: auto; line-height: 1.5; white-space: normal; }
.planlab-radio .widget-radio-box input { position: static; flex: none; margin: 0; }
</style>"""


def quiz_buttons(quiz: Quiz) -> widgets.VBox:
    """The whole quiz; Tab reaches every control, Space works it."""
    head = widgets.HTML(f"{_STYLE}<b>{as_html(quiz.title)}</b>")
    return widgets.VBox([head, *(_question(quiz, n) for n in range(1, len(quiz.questions) + 1))])


def _question(quiz: Quiz, number: int) -> widgets.VBox:
    question = quiz.questions[number - 1]
    prompt = widgets.HTML(f"<p {NO_MATH}>{number}. {as_html(question.asked)}</p>")
    letters = {f"{letter}) {c.text}": letter for letter, c in question.lettered.items()}
    choice = _radio("Your answer", letters)
    sure = _radio("How sure?", {str(level).capitalize(): str(level) for level in Confidence})
    check = widgets.Button(description="Check", tooltip=f"Check your answer to question {number}")
    said = widgets.HTML(_status(""))

    def clicked(_: widgets.Button) -> None:
        if choice.value is None or sure.value is None:
            said.value = _status("Choose an answer, and say how sure you are, first.")
            return
        feedback = quiz.answer(number, choice.value, sure.value)
        choice.disabled = sure.disabled = check.disabled = True
        said.value = _status(feedback.html)

    check.on_click(clicked)
    return widgets.VBox([prompt, choice, sure, check, said])


def _radio(description: str, options: dict[str, str]) -> widgets.RadioButtons:
    radio = widgets.RadioButtons(options=options, value=None, description=description)
    return radio.add_class("planlab-radio")


def _status(page: str) -> str:
    """A live region: a screen reader reads it out when it changes."""
    return f'<div role="status">{page}</div>'
