"""Finding a class's submissions, and reading what is no notebook."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import nbformat
import pytest
from classes import notebook, put

from planlab.errors import BadFile, BadInput
from planlab.grading import collect, submissions
from planlab.grading.collect import find_submissions
from planlab.grading.files import clean_name, file_names
from planlab.grading.submissions import Submission, read_notebook

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names or links")


def find(*paths: Path, known: Mapping[str, str] = MappingProxyType({})) -> dict[str, Submission]:
    return {found.name: found for found in find_submissions(paths, "lab77", known)}


def test_a_file_is_named_after_itself(tmp_path: Path) -> None:
    found = find(put(tmp_path / "anna.ipynb"))
    assert found["anna"].path == tmp_path / "anna.ipynb"
    assert found["anna"].notes == ()


def test_a_folder_of_notebooks_has_a_learner_in_each(tmp_path: Path) -> None:
    for name in ("bert", "anna", ".hidden"):
        put(tmp_path / f"{name}.ipynb")
    assert list(find(tmp_path)) == ["anna", "bert"]


def test_a_learners_folder_holds_the_labs_notebook_or_the_only_one(tmp_path: Path) -> None:
    own = put(tmp_path / "anna/lab77.ipynb")
    put(tmp_path / "anna/draft.ipynb")
    only = put(tmp_path / "bert/final version.ipynb")
    put(tmp_path / "bert/.ipynb_checkpoints/final version-checkpoint.ipynb")
    assert {name: found.path for name, found in find(tmp_path).items()} == {
        "anna": own,
        "bert": only,
    }


@pytest.mark.parametrize("below", ["", "/lab77", "/lab77/lab77.ipynb"])
def test_nbgraders_layout_is_read_from_every_depth(tmp_path: Path, below: str) -> None:
    for name in ("anna", "bert"):
        put(tmp_path / name / "lab77/lab77.ipynb")
        put(tmp_path / name / "lab66/lab66.ipynb")
    found = find(*(Path(f"{tmp_path / name}{below}") for name in ("anna", "bert")))
    assert found.keys() == find(tmp_path).keys() == {"anna", "bert"}
    assert found["bert"].path == tmp_path / "bert/lab77/lab77.ipynb"


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("2026-02-02 15:58:23.948203 UTC", datetime(2026, 2, 2, 15, 58, 23, 948203, UTC)),
        ("2026-02-02 15:58:23 +0100", datetime(2026, 2, 2, 14, 58, 23, tzinfo=UTC)),
        ("2026-02-02 15:58:23 America/Los_Angeles\n", datetime(2026, 2, 2, 23, 58, 23, 0, UTC)),
        ("2026-02-02T15:58:23Z", datetime(2026, 2, 2, 15, 58, 23, tzinfo=UTC)),
        ("2026-02-02 15:58:23", datetime(2026, 2, 2, 15, 58, 23, tzinfo=UTC)),
    ],
)
def test_nbgraders_timestamp_dates_a_submission(
    tmp_path: Path, stamp: str, moment: datetime
) -> None:
    put(tmp_path / "anna/lab77/lab77.ipynb")
    put(tmp_path / "anna/lab77/timestamp.txt", stamp)
    assert find(tmp_path)["anna"].submitted == moment
    assert find(tmp_path)["anna"].dated_by == "timestamp.txt"


@pytest.mark.parametrize("stamp", ["", "yesterday", "2026-02-02 15:58 Nowhere/Land", "2026-02-02"])
def test_a_timestamp_that_is_none_is_said_and_the_files_date_taken(
    tmp_path: Path, stamp: str
) -> None:
    os.utime(put(tmp_path / "anna/lab77/lab77.ipynb"), (86400, 86400))
    put(tmp_path / "anna/lab77/timestamp.txt", stamp)
    anna = find(tmp_path)["anna"]
    assert (anna.submitted, anna.dated_by) == (datetime(1970, 1, 2, tzinfo=UTC), "the file's date")
    assert "timestamp.txt" in anna.notes[0]


@posix
def test_whoever_cannot_be_graded_is_there_with_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "LARGEST", 1000)
    put(tmp_path / "fine.ipynb")
    put(tmp_path / "large.ipynb", "x" * 1001)
    put(tmp_path / "two/a.ipynb")
    put(tmp_path / "two/b.ipynb")
    put(tmp_path / "essay/essay.pdf")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "nowhere.ipynb").symlink_to(tmp_path / "gone.ipynb")
    found = find(tmp_path)
    notes = {name: one.notes[0] for name, one in found.items() if one.path is None}
    assert notes.keys() == {"large", "two", "essay", "empty", "pipe", "nowhere"}
    assert "a.ipynb, b.ipynb" in notes["two"]
    assert "essay.pdf" in notes["essay"]
    assert len(set(notes.values())) == len(notes)


@posix
@pytest.mark.parametrize("link", ["anna.ipynb", "anna/lab77.ipynb", "anna"])
def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, link: str) -> None:
    put(tmp_path / "secret/lab77.ipynb")
    place = tmp_path / "class" / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(tmp_path / ("secret/lab77.ipynb" if "." in link else "secret"))
    put(tmp_path / "class/bert.ipynb")
    anna = find(tmp_path / "class")["anna"]
    assert anna.path is None
    assert "link" in anna.notes[0]


def test_two_of_one_name_are_both_graded_and_told_apart(tmp_path: Path) -> None:
    first, second = put(tmp_path / "a/anna.ipynb"), put(tmp_path / "b/anna.ipynb")
    put(tmp_path / "a/anna (2).ipynb")
    found = find(tmp_path / "a", tmp_path / "b")
    assert found.keys() == {"anna", "anna (2)", "anna (3)"}
    assert [found[name].path for name in ("anna", "anna (3)")] == [first, second]
    assert all("'anna'" in found[name].notes[0] for name in ("anna", "anna (3)"))


def test_a_file_named_twice_is_one_submission(tmp_path: Path) -> None:
    anna = put(tmp_path / "anna.ipynb")
    assert list(find(anna, tmp_path, tmp_path / "." / "anna.ipynb")) == ["anna"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("ashamber_101_2002_lab77.ipynb", "ashamber"),
        ("ashamber_LATE_101_2002_lab77-1.ipynb", "ashamber"),
        ("ashamber_late_101_2002_my_3_4_draft.ipynb", "ashamber"),
        ("李雷_101_2002_lab77.ipynb", "李雷"),
        ("anon_Xy7Za_2002_lab77.ipynb", "anon_Xy7Za"),
        ("LATE_anon_12345_2002_lab77.ipynb", "anon_12345"),
        ("Amber Ash_123_assignsubmission_file/lab77.ipynb", "Amber Ash"),
        ("Amber Ash_123_assignsubmission_file_/lab77.ipynb", "Amber Ash"),
        ("Amber Ash_123_assignsubmission_file_lab77.ipynb", "Amber Ash"),
        ("group_7.ipynb", "group_7"),
        ("anna_2026_final.ipynb", "anna_2026_final"),
        ("anna_1_2.ipynb", "anna_1_2"),
        ("amber_assignsubmission_file/lab77.ipynb", "amber_assignsubmission_file"),
    ],
)
def test_a_name_is_taken_out_of_what_canvas_and_moodle_make_of_it(
    tmp_path: Path, file: str, name: str
) -> None:
    path = put(tmp_path / file)
    found = find(tmp_path)
    assert list(found) == [name]
    assert (found[name].path, found[name].notes) == (path, ())


@pytest.mark.parametrize("named", ["amber", "amber/lab77.ipynb"])
def test_one_learner_alone_is_called_as_in_the_class(tmp_path: Path, named: str) -> None:
    for name in ("amber", "birch"):
        put(tmp_path / name / "lab77.ipynb")
    assert list(find(tmp_path / named)) == ["amber"]


@pytest.mark.parametrize(
    "later", ["ashamber_101_3003_lab77.ipynb", "ashamber_LATE_101_10001_lab77-1.ipynb"]
)
def test_the_newest_of_a_learners_uploads_counts_with_a_note(tmp_path: Path, later: str) -> None:
    for name in ("ashamber_101_2002_lab77.ipynb", "ashamber_101_900_lab77.ipynb"):
        put(tmp_path / name)
    newest = put(tmp_path / later)
    put(tmp_path / "ashamber_101_20000_figure.png")
    put(tmp_path / "ashamber_101_20001_scratch.ipynb")
    (amber,) = find(tmp_path).values()
    assert (amber.name, amber.path) == ("ashamber", newest)
    assert later in amber.notes[0]
    assert "ashamber_101_2002_lab77.ipynb" in amber.notes[0]


def test_an_upload_of_another_title_counts_where_there_is_no_other(tmp_path: Path) -> None:
    put(tmp_path / "ashamber_101_2002_draft.ipynb")
    newest = put(tmp_path / "ashamber_101_2003_final.ipynb")
    assert find(tmp_path)["ashamber"].path == newest


def test_notebooks_that_nothing_puts_in_order_need_a_person(tmp_path: Path) -> None:
    for title in ("a", "b"):
        put(tmp_path / f"Amber Ash_123_assignsubmission_file_{title}.ipynb")
    amber = find(tmp_path)["Amber Ash"]
    assert amber.path is None
    assert "which notebook" in amber.notes[0]


def test_what_moodle_packs_beside_a_file_is_no_learner_of_its_own(tmp_path: Path) -> None:
    file = put(tmp_path / "Amber Ash_123_assignsubmission_file/lab77.ipynb")
    put(tmp_path / "Amber Ash_123_assignsubmission_onlinetext/onlinetext.html")
    found = find(tmp_path)
    assert list(found) == ["Amber Ash"]
    assert (found["Amber Ash"].path, found["Amber Ash"].notes) == (file, ())


@pytest.mark.parametrize(
    "form", ["ashamber_{}_2002_lab77.ipynb", "Participant_{}_assignsubmission_file/lab77.ipynb"]
)
def test_two_learners_of_one_name_keep_their_numbers(tmp_path: Path, form: str) -> None:
    paths = [put(tmp_path / form.format(number)) for number in (101, 102)]
    found = find(tmp_path)
    first, second = found
    assert [first[-4:], second[-4:]] == ["_101", "_102"]
    assert [one.path for one in found.values()] == paths
    alone = paths[1] if paths[1].parent == tmp_path else paths[1].parent
    assert list(find(alone, known={second: second})) == [second]


@pytest.mark.parametrize(
    ("known", "name"),
    [
        ("ashamber_101_2002_lab77", "ashamber_101_2002_lab77"),
        ("ashamber_101", "ashamber_101"),
        ("canvas_id 101", "amber"),
        ("canvas_id 102", "ashamber"),
    ],
)
def test_the_rosters_name_for_a_learner_wins(tmp_path: Path, known: str, name: str) -> None:
    put(tmp_path / "ashamber_101_2002_lab77.ipynb")
    put(tmp_path / "ashamber_101_2003_lab77-1.ipynb")
    names = {known: "amber" if "canvas" in known else known}
    assert list(find(tmp_path, known=names)) == [name]


def test_the_same_name_in_other_bytes_is_the_same_name() -> None:
    assert clean_name("Zoe\u0308") == clean_name("Zo\u00eb")


@posix
def test_names_in_any_script_and_with_any_sign_survive(tmp_path: Path) -> None:
    names = ["سارا", "李雷", "O'Brien, Ann", '=cmd|"x"!A1', "-1", "a;b", "ни\\н"]
    for name in names:
        put(tmp_path / f"{name}.ipynb")
    put(tmp_path / os.fsdecode(b"caf\xe9.ipynb"))
    assert find(tmp_path).keys() == {*names, "caf?"}


def test_page_names_are_safe_and_never_the_same() -> None:
    names = ["anna", "Anna", "a/b", "a\\b", "../../etc/passwd", "CON", "..", "x" * 300, "李雷"]
    files = list(file_names(names).values())
    assert len({file.casefold() for file in files}) == len(names)
    assert not any(set(file) & set('/\\:*?"<>|') or file.startswith(".") for file in files)
    assert max(map(len, files)) < 100


@pytest.mark.parametrize("place", ["nowhere", "nowhere.ipynb", "."])
def test_no_submission_at_all_is_an_error(tmp_path: Path, place: str) -> None:
    with pytest.raises(BadInput):
        find(tmp_path / place)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"hello", "no JSON"),
        (notebook("1").encode()[:-9], "no JSON"),
        (b"[" * 100_000, "not a notebook"),
        (b"[1]", "not a notebook"),
        (b'{"a": 1}', "not a notebook"),
        (b'{"cells": 3}', "not a notebook"),
        (b'{"cells": [{"cell_type": "code", "source": 7}]}', "not a notebook"),
        (b'{"nbformat": 3, "worksheets": "?"}', "upgraded"),
        (b'{"nbformat": 9, "cells": []}', "format 9"),
        (b'{"cells": [], "x": ' + b"9" * 5000 + b"}", "not a notebook"),
        (notebook("é").encode("utf-16"), "UTF-8"),
        (json.dumps(notebook("1")).encode(), "not a notebook"),
        (notebook("1", planlab={"lab": "lab66"}).encode(), "lab66"),
    ],
)
def test_what_is_no_notebook_of_this_lab_is_said_in_a_sentence(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=words):
        read_notebook(path, "lab77")


def with_ids(*ids: str) -> str:
    cells = [
        {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": id}}, "source": "1"}
        for id in ids
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_notebook_that_names_no_lab_is_known_by_its_questions(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="another lab"):
        read_notebook(put(tmp_path / "x.ipynb", with_ids("other")), "lab77", ["loop"])
    cells = read_notebook(put(tmp_path / "x.ipynb", with_ids("loop", "mine")), "lab77", ["loop"])
    assert [cell.id for cell in cells] == ["loop", "mine"]


@pytest.mark.parametrize("metadata", [{}, {"planlab": {"lab": "lab77"}}, {"planlab": 7}])
def test_stripped_metadata_do_not_matter(tmp_path: Path, metadata: dict[str, object]) -> None:
    cells = read_notebook(put(tmp_path / "x.ipynb", notebook("a", **metadata)), "lab77", ["loop"])
    assert [(cell.number, cell.kind, cell.source) for cell in cells] == [(1, "code", "a")]


def test_an_older_format_is_upgraded(tmp_path: Path) -> None:
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell(input="x = 1")])]
    )
    path = put(tmp_path / "x.ipynb", json.dumps(old))
    assert [cell.source for cell in read_notebook(path, "lab77")] == ["x = 1"]


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    path = put(tmp_path / "x.ipynb", "\ufeff" + notebook("1"))
    assert len(read_notebook(path, "lab77")) == 1


def test_a_file_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions, "LARGEST", 10)
    with pytest.raises(BadFile, match="MB"):
        read_notebook(put(tmp_path / "x.ipynb"), "lab77")
