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
from planlab.grading.hidden import regions_of
from planlab.grading.marks import most_points
from planlab.grading.submissions import read_notebook
from planlab.grading.table import Row


def write_pages(folder: Path, lab: Lab, run: Run, rows: Sequence[Row], scheme: str = "") -> None:
    """Write `index.html`, `answers.html` and, for each row, `feedback/<name>.html`."""
    for name, text in render_pages(lab, run, rows, scheme).items():
        write_file(folder / name, text)


def read_scheme(lab_folder: Path, lab: Lab) -> str:
    """The mark schemes in the lab's source, "" where there is none. For instructors' eyes alone."""
    notebook = lab_folder / f"{lab.id}.ipynb"
    manual = {question.id for question in lab.questions if question.manual}
    cells = read_notebook(notebook, lab.id) if notebook.exists() else ()
    regions = (region for cell in cells if cell.id in manual for region in regions_of(cell.source))
    return "\n\n".join(region.strip() for region in regions)


def render_pages(lab: Lab, run: Run, rows: Sequence[Row], scheme: str = "") -> dict[str, str]:
    """Every page by the path of its file: the instructor's two, and one for each row.

    The mark scheme stands on one of the instructor's; no other template is given it.
    """
    files = file_names(row.name for row in rows)
    environment = _environment()
    environment.globals |= {
        "lab": lab,
        "run": run,
        "most": sum(question.points for question in lab.questions),
        "by_hand": most_points(lab),
    }
    learner = environment.get_template("feedback.html")
    return {
        "index.html": environment.get_template("class.html").render(rows=rows, files=files),
        "answers.html": environment.get_template("answers.html").render(rows=rows, scheme=scheme),
        **{
            f"feedback/{files[row.name]}.html": learner.render(row=row, run=row.older or run)
            for row in rows
        },
    }


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
