"""The form of a lesson. What its cells compute, nbval compares."""

import itertools
import re
from pathlib import Path

import nbformat
import pytest

from tests.labs import find_formulas

NOTEBOOKS = sorted(Path("notebooks").glob("[0-9]*.ipynb"))
LONGEST_CELL = 25  # lines
MOST_IN_A_ROW = 2  # code cells without a word between them
PARTS = ["**The question.**", "**You build**", "**You need**", "**Time:**"]
ENDING = ["## Quiz", "## Evidence card", "## Summary", "**Roads not taken.**", "**Sources.**"]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def lesson(request):
    return nbformat.read(request.param, as_version=4)


def code_of(lesson):
    return [cell for cell in lesson.cells if cell.cell_type == "code"]


def prose_of(lesson):
    return "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")


def test_two_prices_are_no_formula(lesson):
    assert find_formulas(lesson.cells) == []


def tags(cell):
    return cell.metadata.get("tags", [])


def test_each_lesson_has_a_number_of_its_own_and_the_readme_lists_it():
    numbers = [path.name[:2] for path in NOTEBOOKS]
    assert numbers == sorted(set(numbers))
    readme = Path("README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d\d) \| \[[^]]+\]\(notebooks/([^)]+)\)", readme, re.MULTILINE)
    assert listed == [(path.name[:2], path.name) for path in NOTEBOOKS]
    assert NOTEBOOKS


def test_the_opening_says_what_for_with_what_and_how_long(lesson):
    assert all(part in lesson.cells[0].source for part in PARTS)


def test_the_ending_is_whole_and_in_order(lesson):
    places = [prose_of(lesson).find(part) for part in ENDING]
    assert -1 not in places
    assert places == sorted(places)
    assert "**Next:**" in prose_of(lesson)


def test_cells_are_short_and_prose_stands_between_them(lesson):
    long = [c.source for c in code_of(lesson) if len(c.source.splitlines()) > LONGEST_CELL]
    # A quiz is one long literal, and reads as prose.
    assert not [source for source in long if "Question(" not in source]
    runs = [
        len(list(run))
        for kind, run in itertools.groupby(lesson.cells, key=lambda cell: cell.cell_type)
        if kind == "code"
    ]
    assert max(runs) <= MOST_IN_A_ROW


def test_claims_are_asserted_and_one_cell_fails_on_purpose(lesson):
    assert sum("assert" in cell.source for cell in code_of(lesson)) >= 5
    failing = [cell for cell in code_of(lesson) if "raises-exception" in tags(cell)]
    assert failing
    for cell in failing:
        assert [output.output_type for output in cell.outputs] == ["error"]


def test_each_badge_is_explained_and_used(lesson):
    for badge in ("*Computed*", "*Executed*", "*Simulated*"):
        assert prose_of(lesson).count(badge) >= 1


def test_only_pictures_and_timings_are_kept_out_of_the_comparison(lesson):
    ignored = [cell for cell in code_of(lesson) if "nbval-ignore-output" in tags(cell)]
    assert all(re.search(r"figure_with_alt|timeline|gantt|perf_counter", c.source) for c in ignored)


def test_every_picture_has_words(lesson):
    for output in (output for cell in code_of(lesson) for output in cell.outputs):
        if "data" not in output:
            continue
        assert "image/png" not in output.data, "show it by figure_with_alt"
        if "<img" in output.data.get("text/html", "") or "text/vnd.mermaid" in output.data:
            assert len(output.data["text/plain"]) > 20


def test_nothing_remote_is_shown(lesson):
    for output in (output for cell in code_of(lesson) for output in cell.outputs):
        assert not re.search(r"(?:src|href)=.https?:", output.get("data", {}).get("text/html", ""))
    assert not re.search(r"!\[[^]]*\]\(http", prose_of(lesson))


def test_every_code_cell_was_run_from_top_to_bottom(lesson):
    counts = [cell.execution_count for cell in code_of(lesson)]
    assert counts == list(range(1, len(counts) + 1))


def test_every_link_to_another_lesson_leads_somewhere(lesson):
    for target in re.findall(r"\]\((\d\d_\w+\.ipynb)\)", prose_of(lesson)):
        assert (Path("notebooks") / target).exists()


def test_the_code_of_a_quiz_is_folded_since_it_holds_the_answers(lesson):
    quizzes = [cell for cell in code_of(lesson) if "Choice(" in cell.source]
    assert quizzes
    assert all(cell.metadata.get("jupyter", {}).get("source_hidden") for cell in quizzes)


def test_a_lesson_opens_no_file_outside_of_notebooks(lesson):
    assert not [cell.source for cell in code_of(lesson) if '"../' in cell.source], (
        "learners' copies hold notebooks/, not tests/"
    )
