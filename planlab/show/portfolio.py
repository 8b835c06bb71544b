"""The portfolio: a learner's evidence cards on one page, lesson by lesson.

A displayed card leaves its data in the notebook, which is saved with its outputs. So the portfolio
is read from the notebooks, and nothing else has to be kept. The page stands alone: no script, no
network, no other file; whatever a card says is escaped.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from planlab.errors import BadFile, NotSaved
from planlab.show.course import Lesson, load_course
from planlab.show.evidence import CARD, EvidenceCard, parse_card


@dataclass(frozen=True)
class Entry:
    """A lesson, and the cards that its notebook holds; none where it was not run, or not saved."""

    lesson: Lesson
    cards: tuple[EvidenceCard, ...]


def load_portfolio(folder: str | Path) -> tuple[Entry, ...]:
    """What the notebooks in `folder` hold, by lesson; raises `BadFile`, also without any card."""
    folder = Path(folder)
    entries = tuple(Entry(each, load_cards(folder / each.file)) for each in load_course(folder))
    if not any(entry.cards for entry in entries):
        raise BadFile(
            f"No notebook in {folder} holds an evidence card of yours. Run a lesson to its end in "
            "JupyterLab and save it; then try again."
        )
    return entries


def load_cards(notebook: Path) -> tuple[EvidenceCard, ...]:
    """The cards among the outputs of a notebook's file, in order; raises `BadFile`."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", ())]
        found = [output.get("metadata", {}).get(CARD) for output in outputs]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise BadFile(f"{notebook} cannot be read as a notebook: {problem}.") from None
    return tuple(parse_card(card, notebook) for card in found if card is not None)


def save_portfolio(entries: Sequence[Entry], path: Path) -> None:
    """Write the page; raises `NotSaved`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_portfolio(entries), encoding="utf-8")
    except OSError as problem:
        raise NotSaved(f"{path} could not be written: {problem.strerror}.") from None


def render_portfolio(entries: Sequence[Entry]) -> str:
    """The page, as HTML."""
    environment = Environment(
        loader=PackageLoader("planlab.show", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("portfolio.html").render(
        entries=[entry for entry in entries if entry.cards],
        missing=[entry.lesson for entry in entries if not entry.cards],
    )
