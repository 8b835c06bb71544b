"""The pages: for everybody, standing alone, and nothing in them that a submission could run."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from classes import LAB, RUN, grade

from planlab.grading import Finding, Grade
from planlab.grading.feedback import render_pages, write_pages
from planlab.grading.table import Row

HOSTILE = '</pre><script>alert(1)</script><img src=x onerror="alert(2)">{{ 7 * 7 }}\x1b[31m\ud800'


class Page(HTMLParser):
    """What stands in a page: tags in order, attributes, text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def page(row: Row) -> str:
    return next(text for name, text in render_pages(LAB, RUN, [row]).items() if "/" in name)


ROW = Row(
    grade("anna", loop=2, answer="The window is short."),
    ("late by 2 h",),
    None,
    "2026-11-21T15:40:00+00:00",
    "timestamp.txt",
)


def test_a_page_says_points_properties_help_notes_and_versions() -> None:
    text = Page(page(ROW)).text
    for words in ("Two loops", "anna", "6 of 13", "1.2 The meter", "late by 2 h", "2026-11-21"):
        assert words in text
    assert "✓holds: it is right (2 of 2)" in text
    assert "✗does not hold: it is quick (0 of 4)it is slow" in text
    assert "0.1.0" in text


@pytest.mark.parametrize(
    ("manual", "answer", "words"),
    [
        (None, "x", "marked by a person."),
        (None, "", "no answer of yours yet"),
        (2.5, "x", "2.5 of 3"),
        (0.0, "x", "0 of 3"),
    ],
)
def test_the_explain_question_is_shown_as_far_as_it_is_marked(
    manual: float | None, answer: str, words: str
) -> None:
    row = replace(ROW, grade=replace(ROW.grade, answer=answer), manual=manual)
    assert words in Page(page(row)).text


def test_the_seed_of_the_hidden_tests_is_on_no_page() -> None:
    run = replace(RUN, terms=replace(RUN.terms, seed=987654321))
    assert not [text for text in render_pages(LAB, run, [ROW]).values() if "987654321" in text]


@pytest.mark.parametrize(
    "spoilt",
    [
        Row(replace(ROW.grade, answer=HOSTILE), (), None),
        Row(replace(ROW.grade, notes=(HOSTILE,)), (HOSTILE,)),
        Row(replace(ROW.grade, cells=((1, HOSTILE),)), ()),
        Row(replace(ROW.grade, findings=(Finding("loop", "w", 1, False, HOSTILE),)), ()),
        Row(replace(ROW.grade, submission='"><script>x</script>'), ()),
    ],
)
def test_what_a_submission_says_stays_text(spoilt: Row) -> None:
    for text in render_pages(LAB, RUN, [spoilt]).values():
        parsed = Page(text)
        assert not {"script", "img", "iframe", "link"} & set(parsed.tags)
        assert not [name for name, _ in parsed.attributes if name.startswith("on")]
        assert "49" not in parsed.text
        assert "\x1b" not in text


def test_what_a_submission_says_is_cut_to_a_length() -> None:
    endless = "x" * 1_000_000
    spoilt = Grade(
        "anna",
        (Finding("loop", "it is right", 6, False, endless),),
        (),
        endless,
        tuple((number, endless) for number in range(1000)),
    )
    assert len(page(Row(spoilt, (endless,) * 1000))) < 200_000


def test_a_submission_that_could_not_be_run_has_a_page(tmp_path: Path) -> None:
    rows = [Row(Grade("gone", ()), ("nothing was submitted",)), ROW]
    write_pages(tmp_path, LAB, RUN, rows)
    text = Page((tmp_path / "feedback/gone.html").read_text(encoding="utf-8")).text
    assert "nothing was submitted" in text
    assert "0 of 13 points" in text


def test_pages_reach_for_nothing_outside() -> None:
    for text in render_pages(LAB, RUN, [ROW]).values():
        assert not re.search(r"https?:|//|url\(|@import|src=", text)
        assert "default-src 'none'" in text


def test_pages_can_be_read_without_eyes() -> None:
    for text in render_pages(LAB, RUN, [ROW]).values():
        parsed = Page(text)
        headings = [tag for tag in parsed.tags if re.fullmatch(r"h\d", tag)]
        assert headings[0] == "h1"
        assert headings.count("h1") == 1
        assert ("lang", "en") in parsed.attributes
        headers = parsed.tags.count("th")
        assert headers == sum(name == "scope" for name, _ in parsed.attributes)
        assert "main" in parsed.tags


def test_the_class_page_links_to_every_page(tmp_path: Path) -> None:
    names = ["anna", "Anna", 'a/b "c" & d', "سارا", "#1?x=%20"]
    write_pages(tmp_path, LAB, RUN, [replace(ROW, grade=grade(name)) for name in names])
    index = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    links = [unquote(to or "") for name, to in index.attributes if name == "href"]
    pages = {link for link in links if link.startswith("feedback/")}
    assert len(pages) == len(names)
    assert all((tmp_path / link).is_file() for link in pages)


def test_all_answers_stand_on_one_page() -> None:
    rows = [ROW, Row(grade("bert", answer="Another."), (), 2.0), Row(grade("carl"), ())]
    text = Page(render_pages(LAB, RUN, rows)["answers.html"]).text
    assert "The window is short." in text
    assert "Marked: 2" in text
    assert "carl" not in text
