"""The pages: one for each learner, the class at a glance, and the answers that a person marks.

They stand alone: no script, no network, no other file. Whatever comes from a submission is escaped
and cut to a length.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from planlab.grading.checks import Lab
from planlab.grading.files import file_names, plain, write_file
from planlab.grading.gradebook import Run
from planlab.grading.grades import render_points
from planlab.grading.marks import most_points
from planlab.grading.table import Row


def write_pages(folder: Path, lab: Lab, run: Run, rows: Sequence[Row]) -> None:
    """Write `index.html`, `answers.html` and, for each row, `feedback/<name>.html`."""
    files = file_names(row.name for row in rows)
    for name, text in render_class(lab, run, rows).items():
        write_file(folder / name, text)
    for row in rows:
        write_file(folder / "feedback" / f"{files[row.name]}.html", render_page(lab, run, row))


def render_page(lab: Lab, run: Run, row: Row) -> str:
    """One learner's page."""
    return _environment().get_template("feedback.html").render(row=row, **_about(lab, run))


def render_class(lab: Lab, run: Run, rows: Sequence[Row]) -> dict[str, str]:
    """The instructor's pages by file name."""
    environment, about = _environment(), _about(lab, run)
    about |= {"rows": rows, "files": file_names(row.name for row in rows)}
    templates = {"index.html": "class.html", "answers.html": "answers.html"}
    return {
        name: environment.get_template(template).render(about)
        for name, template in templates.items()
    }


def _about(lab: Lab, run: Run) -> dict[str, object]:
    most = sum(question.points for question in lab.questions)
    return {"lab": lab, "run": run, "most": most, "by_hand": most_points(lab)}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("planlab.grading", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": plain, "points": render_points, "moment": render_moment}
    return environment


def render_moment(text: str) -> str:
    """A moment in ISO 8601 as people read it, in UTC.

    >>> render_moment("2026-11-21T15:40:09.123+00:00")
    '2026-11-21 15:40 UTC'
    """
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
