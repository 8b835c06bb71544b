"""A quiz: choose, say how sure you are, then read why each answer is right or wrong.

Saying how sure one is before the answer is shown makes a confident error memorable, and every
answer explains itself, the wrong ones too. Buttons in a notebook; a text form everywhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from string import ascii_lowercase
from typing import ClassVar

from pydantic import ConfigDict

from planlab.errors import BadInput
from planlab.show.shown import NO_MATH, Shown, as_html

_EXACT = ConfigDict(extra="forbid")  # in a file of questions, a field by a wrong name is an error


class Confidence(StrEnum):
    """How sure a learner is, said before the answer is shown."""

    GUESS = "guess"
    FAIRLY_SURE = "fairly sure"
    CERTAIN = "certain"


@dataclass(frozen=True)
class Choice:
    """One answer to choose, and why it is right or wrong."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    text: str
    right: bool
    explanation: str


@dataclass(frozen=True)
class Question:
    """A prompt and its choices; `misconception` names the wrong belief that it is built on.

    `lesson` is the number of the lesson, such as "03", where the answer is taught.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    prompt: str
    choices: tuple[Choice, ...]
    misconception: str | None = None
    lesson: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", tuple(self.choices))
        where = f"The question {self.prompt!r}"
        if not 2 <= len(self.choices) <= len(ascii_lowercase):
            raise BadInput(f"{where} needs 2 to 26 choices, not {len(self.choices)}.")
        if {choice.right for choice in self.choices} != {True, False}:
            raise BadInput(f"{where} needs a right choice and a wrong one.")
        if not all(choice.explanation.strip() for choice in self.choices):
            raise BadInput(f"{where}: each choice needs an explanation.")

    @property
    def asked(self) -> str:
        """The prompt, with the lesson that it goes back to."""
        return self.prompt if self.lesson is None else f"{self.prompt} (lesson {self.lesson})"

    @property
    def lettered(self) -> dict[str, Choice]:
        """The choices by letter, from 'a'."""
        return dict(zip(ascii_lowercase, self.choices, strict=False))


@dataclass(frozen=True)
class Feedback:
    """One answer that was given: to question `number`, with the letter of a choice."""

    number: int
    question: Question
    letter: str
    confidence: Confidence

    @property
    def right(self) -> bool:
        """Was the chosen answer right?"""
        return self.question.lettered[self.letter].right

    @property
    def text(self) -> str:
        """The verdict, then why each choice is right or wrong."""
        return "\n".join([self._verdict, *_explained(self.question)])

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    @property
    def _verdict(self) -> str:
        said = f"You chose {self.letter}, {_SAID[self.confidence]}: "
        return said + _VERDICTS[self.right, self.confidence]

    @property
    def html(self) -> str:
        """The same as HTML."""
        verdict = f"<p><b>{as_html(self._verdict)}</b></p>"
        return f"<div {NO_MATH}>{verdict}{_explained_html(self.question)}</div>"


_SAID = {
    Confidence.GUESS: "a guess",
    Confidence.FAIRLY_SURE: "fairly sure",
    Confidence.CERTAIN: "certain",
}
_VERDICTS = {
    (True, Confidence.GUESS): "right, by luck or by feel. Read why.",
    (True, Confidence.FAIRLY_SURE): "right.",
    (True, Confidence.CERTAIN): "right, and you knew it.",
    (False, Confidence.GUESS): "not right. Read why.",
    (False, Confidence.FAIRLY_SURE): "not right. Read why.",
    (False, Confidence.CERTAIN): "not right. Being certain and wrong is worth a second reading.",
}


class Quiz:
    """Questions to answer by buttons, or by `answer`; `record` holds what was answered."""

    def __init__(self, questions: Iterable[Question], *, title: str = "Quiz") -> None:
        self.questions = tuple(questions)
        self.title = title
        self._record: list[Feedback] = []
        if not self.questions:
            raise BadInput(f"{title}: a quiz needs at least one question.")

    @property
    def record(self) -> tuple[Feedback, ...]:
        """What was answered, in the order in which it was."""
        return tuple(self._record)

    def answer(self, number: int, letter: str, confidence: str) -> Feedback:
        """Answer question `number` (from 1) with the letter of a choice; raises `BadInput`."""
        if not 1 <= number <= len(self.questions):
            raise BadInput(f"There is no question {number}; they are 1 to {len(self.questions)}.")
        question = self.questions[number - 1]
        if letter not in question.lettered:
            letters = ", ".join(question.lettered)
            raise BadInput(f"Question {number} has no choice {letter!r}; choose one of {letters}.")
        if confidence not in list(Confidence):
            levels = ", ".join(repr(str(level)) for level in Confidence)
            raise BadInput(f"{confidence!r} is no confidence; say one of {levels}.")
        feedback = Feedback(number, question, letter, Confidence(confidence))
        self._record.append(feedback)
        return feedback

    def answers(self) -> Shown:
        """Every answer explained, behind a fold."""
        texts, pages = [], []
        for number, question in enumerate(self.questions, start=1):
            texts += [f"{number}. {question.asked}", *_explained(question)]
            pages.append(f"<p>{number}. {as_html(question.asked)}</p>{_explained_html(question)}")
        summary = f"<summary>{as_html(self.title)}: the answers</summary>"
        fold = f"<details {NO_MATH}>{summary}{''.join(pages)}</details>"
        return Shown("\n".join(texts), {"text/html": fold})

    def __str__(self) -> str:
        lines = [self.title]
        for number, question in enumerate(self.questions, start=1):
            lines.append(f"{number}. {question.asked}")
            lines += [f"   {letter}) {c.text}" for letter, c in question.lettered.items()]
        return "\n".join([*lines, _HOW_TO])

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> dict[str, object]:
        """Text and HTML give no answer away; with a kernel, buttons stand in their place."""
        parts = [
            f"<p>{number}. {as_html(question.asked)}</p>{_choices_html(question)}"
            for number, question in enumerate(self.questions, start=1)
        ]
        head = f"<p><b>{as_html(self.title)}</b></p>"
        page = f"<div {NO_MATH}>{head}{''.join(parts)}<p>{as_html(_HOW_TO)}</p></div>"
        return {**_buttons(self), "text/html": page, "text/plain": str(self)}


def _buttons(quiz: Quiz) -> dict[str, object]:
    """The quiz's buttons as a form beside the others; none where ipywidgets is not installed."""
    try:
        # Here, since it is needed only where a quiz is displayed.
        from planlab.show.buttons import quiz_buttons
    except ModuleNotFoundError:
        return {}
    return dict(quiz_buttons(quiz)._repr_mimebundle_())


_HOW_TO = "Run this cell to answer, or call `answer(1, 'a', 'fairly sure')` on the quiz."


def recall(questions: Iterable[Question]) -> Quiz:
    """The questions that open a lesson, on earlier ones."""
    return Quiz(questions, title="Recall")


def _explained(question: Question) -> list[str]:
    lines = [
        f"   {letter}) {choice.text} - {'Right' if choice.right else 'Wrong'}: {choice.explanation}"
        for letter, choice in question.lettered.items()
    ]
    named = question.misconception
    return lines if named is None else [*lines, f"   The misconception: {named}"]


def _explained_html(question: Question) -> str:
    items = [
        f"{letter}) {'✓ Right' if choice.right else '✗ Wrong'}: <i>{as_html(choice.text)}</i><br>"
        + as_html(choice.explanation)
        for letter, choice in question.lettered.items()
    ]
    named = question.misconception
    note = "" if named is None else f"<p>The misconception: {as_html(named)}</p>"
    return _listed(items) + note


def _choices_html(question: Question) -> str:
    return _listed(f"{letter}) {as_html(c.text)}" for letter, c in question.lettered.items())


def _listed(items: Iterable[str]) -> str:
    """A list whose letters are text: themes and sites set other numbers before items."""
    return f'<ul style="list-style:none">{"".join(f"<li>{item}</li>" for item in items)}</ul>'
