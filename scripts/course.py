"""Make from the notebooks' metadata what says how the lessons hang together.

    python scripts/course.py            write README's lessons and the links that end each notebook
    python scripts/course.py --check    write nothing: say what does not agree

Each notebook says in `metadata.planlab` what it is (the fields are those of `planlab.show.course`).
The map in notebook 00 is drawn when it runs: execute it again after a change.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from execute import render, tidy
from nbformat.v4 import new_markdown_cell

from planlab.show.course import SHORT, Lesson, course_map, load_course

ROOT = Path(__file__).resolve().parent.parent
BEGIN = "<!-- Made by scripts/course.py from the notebooks' metadata. -->"
END = "<!-- The end of what scripts/course.py makes. -->"
TAG = "links"  # of the last cell of each notebook
MAP = "00_start_here.ipynb#The-whole-course-on-one-map"


def render_lessons(lessons: Sequence[Lesson]) -> str:
    """README's part: a table and a map, which GitHub draws."""
    rows = [
        f"| {each.number} | [{each.title}](notebooks/{each.file}){_star(each)} | {each.builds} "
        f"| {', '.join(each.needs)} | {each.minutes} |"
        for each in lessons
    ]
    script = course_map(lessons).forms["text/vnd.mermaid"].splitlines()
    # The column "Needs" says the same to a screen reader.
    drawn = "\n".join(line for line in script if "accDescr:" not in line)
    short = ", ".join(each.number for each in lessons if each.short_path)
    return "\n".join(
        [
            f"{BEGIN}\n",
            "| | Notebook | You build | Needs | Minutes |\n|---|---|---|---|---|",
            *rows,
            f"\n{SHORT}: the short path, {short}. Minutes are estimates.",
            f"\n```mermaid\n{drawn}\n```",
            END,
        ]
    )


def render_links(lessons: Sequence[Lesson], at: int) -> str:
    """The last cell of the notebook of `lessons[at]`: its lab, and the ways on."""
    here = lessons[at]
    ways = [f"[Map of the course]({MAP})", "[Glossary](glossary.md)"]
    if at > 0:
        ways.insert(
            0, f"[← {lessons[at - 1].number} {lessons[at - 1].title}]({lessons[at - 1].file})"
        )
    if at + 1 < len(lessons):
        ways.append(f"[{lessons[at + 1].number} {lessons[at + 1].title} →]({lessons[at + 1].file})")
    lab = f"lab{here.number}"
    lines = [" · ".join(ways)]
    if (ROOT / "labs" / lab).is_dir():
        lines.insert(
            0,
            f"**Lab {here.number}** belongs to this lesson. "
            f"`.venv/bin/python -m planlab start {lab}` makes your copy.",
        )
    return "\n\n".join(["---", *lines])


def with_lessons(readme: str, lessons: Sequence[Lesson]) -> str:
    """`readme` with its part about the lessons made anew."""
    before, _, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"README.md must hold these two lines: {BEGIN} {END}")
    return before + render_lessons(lessons) + after


def with_links(notebook: str, links: str) -> str:
    """The text of a notebook's file, with `links` as its last cell."""
    parsed = nbformat.reads(notebook, as_version=4)
    parsed.cells = [cell for cell in parsed.cells if TAG not in cell.metadata.get("tags", ())]
    parsed.cells.append(new_markdown_cell(links, metadata={"tags": [TAG]}))
    return render(tidy(parsed))


def make(root: Path = ROOT) -> dict[Path, str]:
    """Each file that is made, or holds a part that is, with the text that it should have."""
    lessons = load_course(root / "notebooks")
    readme = root / "README.md"
    made = {readme: with_lessons(readme.read_text(encoding="utf-8"), lessons)}
    for at, lesson in enumerate(lessons):
        path = root / "notebooks" / lesson.file
        made[path] = with_links(path.read_text(encoding="utf-8"), render_links(lessons, at))
    return made


def _star(lesson: Lesson) -> str:
    return f" {SHORT}" if lesson.short_path else ""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Make what the notebooks' metadata says.")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    wrong = {
        path: text for path, text in make().items() if path.read_text(encoding="utf-8") != text
    }
    for path, text in wrong.items():
        if not options.check:
            path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{'does not agree' if options.check else 'written'}  {path.relative_to(ROOT)}")
    return 1 if wrong and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
