"""Labs: made from solutions, started, checked and packed; nothing kept back ever gets out."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from planlab.__main__ import main
from planlab.errors import BadFile, BadInput
from planlab.grading import bundle, hidden, labs, release, tryout

ROOT = Path(__file__).resolve().parent.parent

SOLUTION = """async def double(number):
    ### BEGIN SOLUTION
    twice = number
    return twice + number
    ### END SOLUTION"""
STUB = SOLUTION.partition("###")[0] + 'raise NotImplementedError("Write your code here.")'
CHECKS = '''"""The checks of lab 77."""

from planlab.grading import Lab, Probe, Question

lab = Lab(
    "lab77",
    "Doubling",
    questions=(Question("double", 4, "1. Double"), Question("why", 3, "2. Why", manual=True)),
)


@lab.property("double", 1, "a small number is doubled")
async def small(probe: Probe) -> None:
    number = probe.rng.randrange(3, 9)
    probe.equal(await probe.call("double", number), 2 * number, "twice the number comes back")


### BEGIN HIDDEN TESTS
@lab.property("double", 3, "a negative number is doubled")
async def negative(probe: Probe) -> None:
    probe.equal(await probe.call("double", -7), -14, "minus signs stay")


### END HIDDEN TESTS
'''
MAY_FAIL = (
    '"metadata": {"tags": ["raises-exception"]},\n   "outputs": [],\n   "source": [\n    "undefined'
)
ANSWER = "Because adding a number to itself is what doubling means."


def mark(grade_id: str, **more: object) -> dict[str, object]:
    """nbgrader's metadata of one cell."""
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {"schema_version": 3, "grade_id": grade_id, **plain, **more}}


def make_solution() -> nbformat.NotebookNode:
    """The solution of a small lab: one question for the machine, one for a person."""
    cells = [
        new_markdown_cell("# Doubling", id="title"),
        new_code_cell("from checks import lab", id="setup"),
        new_code_cell(SOLUTION, id="double", metadata=mark("double", solution=True)),
        new_code_cell(
            'await lab.check("double")',
            id="check",
            metadata=mark("check-double", grade=True, locked=True, points=4),
        ),
        new_markdown_cell(
            ANSWER, id="why", metadata=mark("why", grade=True, solution=True, points=3)
        ),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    about = {"kernelspec": kernel, "planlab": {"lab": "lab77", "version": "1"}}
    return new_notebook(cells=cells, metadata=about)


def make_course(folder: Path) -> Path:
    root = folder / "course"
    source = root / "solutions" / "lab77"
    source.mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    nbformat.write(make_solution(), source / "lab77.ipynb")
    (source / "checks.py").write_text(CHECKS)
    return root


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course folder with one lab's solution, not yet made for learners."""
    return make_course(tmp_path)


@pytest.fixture(scope="module")
def labs_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the small lab's solution makes."""
    root = make_course(tmp_path_factory.mktemp("made"))
    release.build_labs(root=root)
    return root / "labs"


@pytest.fixture
def made(course: Path, labs_made: Path) -> Path:
    """A course folder with its lab made."""
    shutil.copytree(labs_made, course / "labs")
    return course


def read_all(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.*"))}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# build


def test_a_lab_has_stubs_visible_checks_and_nothing_kept_back(made: Path) -> None:
    lab = made / "labs" / "lab77"
    notebook = nbformat.read(lab / "lab77.ipynb", as_version=4)
    assert [cell.source for cell in notebook.cells][2] == STUB
    assert [cell.id for cell in notebook.cells] == ["title", "setup", "double", "check", "why"]
    assert (lab / "checks.py").read_text() == CHECKS.partition("\n\n\n### BEGIN")[0] + "\n"
    everything = b"".join(read_all(lab).values()).decode()
    assert not any(secret in everything for secret in ("twice +", "-14", ANSWER))
    assert sorted(path.name for path in lab.iterdir()) == ["checks.py", "lab77.ipynb"]


def test_outputs_stay_behind(course: Path) -> None:
    solution = make_solution()
    solution.cells[1].outputs = [nbformat.v4.new_output("stream", text="42\n")]
    nbformat.write(solution, course / "solutions" / "lab77" / "lab77.ipynb")
    release.build_labs(root=course)
    notebook = nbformat.read(course / "labs" / "lab77" / "lab77.ipynb", as_version=4)
    assert notebook.cells[1].outputs == []


def test_building_again_gives_the_same_bytes_whatever_the_hash_seed(made: Path) -> None:
    before = read_all(made / "labs")
    code = "import sys, pathlib; from planlab.grading.release import build_labs; "
    code += "build_labs(root=pathlib.Path(sys.argv[1]))"
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    subprocess.run([sys.executable, "-c", code, made], cwd=ROOT, env=environment, check=True)
    assert read_all(made / "labs") == before


def test_building_leaves_no_gradebook_behind(course: Path) -> None:
    release.build_labs(root=course)
    left = sorted(path.name for path in course.iterdir())
    assert left == ["labs", "nbgrader_config.py", "solutions"]


@pytest.mark.parametrize("bad", ["# END HIDDEN TESTS", "### END HIDDEN TEST", ""])
def test_nbgrader_hands_out_no_checks_that_it_could_not_cut(
    course: Path, tmp_path: Path, bad: str
) -> None:
    edit(course / "solutions" / "lab77" / "checks.py", "### END HIDDEN TESTS", bad)
    with pytest.raises(BadFile):
        release.generate("lab77", course, tmp_path / "to")
    assert list(tmp_path.glob("to/**/checks.py")) == []


def test_a_lab_that_cannot_be_made_leaves_the_last_one_as_it_was(made: Path) -> None:
    before = read_all(made / "labs")
    edit(made / "solutions" / "lab77" / "checks.py", "### END HIDDEN TESTS", "")
    with pytest.raises(BadFile, match=r"checks\.py, line 18"):
        release.build_labs(root=made)
    assert read_all(made / "labs") == before


def test_a_misspelt_marker_in_the_notebook_hands_out_nothing(course: Path) -> None:
    solution = course / "solutions" / "lab77" / "lab77.ipynb"
    edit(solution, "# Doubling", "### Begin solution\\n42\\n### End solution")
    with pytest.raises(BadFile, match="Begin solution"):
        release.build_labs(root=course)
    assert not (course / "labs").exists()


@pytest.mark.parametrize("source", ["{", "[]", '{"cells": [3]}', ""])
def test_a_source_that_is_no_notebook_is_named(course: Path, source: str) -> None:
    (course / "solutions" / "lab77" / "lab77.ipynb").write_text(source)
    with pytest.raises(BadFile, match=r"lab77\.ipynb"):
        release.build_labs(root=course)


def test_a_cell_without_an_id_is_named(course: Path) -> None:
    edit(course / "solutions" / "lab77" / "lab77.ipynb", '"id": "check"', '"id": "setup"')
    with pytest.raises(BadFile, match="cell 4 has no id of its own"):
        release.build_labs(root=course)


def test_unknown_sources_are_named(course: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="lab77"):
        release.build_labs(("lab78",), course)
    with pytest.raises(BadInput, match="solutions"):
        release.build_labs(root=tmp_path)
    (course / "solutions" / "lab78").mkdir()
    with pytest.raises(BadFile, match=r"lab78\.ipynb"):
        release.build_labs(root=course)


def test_without_nbgrader_the_message_says_what_to_install(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nbgrader.converters", None)
    with pytest.raises(BadInput, match=r"requirements-dev\.txt"):
        release.build_labs(root=course)


# hidden


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\n", "a\n"),
        ("a\n\n\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\n\n\nc\n", "a\n\n\nc\n"),
        ("### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc\n", "c\n"),
        ("a\n    ### BEGIN HIDDEN TESTS\n    b\n    ### END HIDDEN TESTS", "a\n"),
        ("a\n" + 2 * "### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\n", "a\n"),
    ],
)
def test_hidden_regions_are_cut_with_the_blank_lines_before(text: str, left: str) -> None:
    assert hidden.without_hidden(text, "checks.py") == left


@pytest.mark.parametrize(
    "text",
    [
        "### BEGIN HIDDEN TESTS\n",
        "### END HIDDEN TESTS\n",
        "### BEGIN HIDDEN TESTS\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n",
        "### BEGIN HIDDEN TEST\nb\n### END HIDDEN TESTS\n",
        "# begin hidden tests\nb\n# end hidden tests\n",
        "### BEGIN SOLUTION\nb\n### END SOLUTION\n",
    ],
)
def test_markers_that_do_not_pair_are_named(text: str) -> None:
    with pytest.raises(BadFile, match=r"checks\.py, line \d"):
        hidden.without_hidden(text, "checks.py")


def test_a_file_that_cannot_be_cut_is_removed(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text("a\n### BEGIN HIDDEN TESTS\nb\n")
    with pytest.raises(BadFile):
        hidden.cut_hidden_tests(tmp_path)
    assert list(tmp_path.iterdir()) == []


# check that labs/ is as made


def test_labs_as_made_are_well(made: Path) -> None:
    assert release.check_labs(made) == ("lab77",)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda lab: edit(lab / "checks.py", "3, 9", "3, 8"), r"labs/lab77/checks\.py, line 14"),
        (lambda lab: edit(lab / "lab77.ipynb", "# Doubling", "# Other"), r"lab77\.ipynb, line \d"),
        (lambda lab: (lab / "checks.py").unlink(), r"checks\.py is missing"),
        (lambda lab: (lab / "more.txt").write_text(""), r"more\.txt does not come from solutions"),
        (lambda lab: shutil.rmtree(lab), "is missing"),
        (lambda lab: shutil.copytree(lab, lab.with_name("lab78")), "lab78 has no source"),
        (lambda lab: (lab / "x.txt").write_text("### begin mark scheme"), "begin mark scheme"),
        (lambda lab: (lab / "x.py").write_text("twice = number\nreturn twice + number"), "cell 3"),
        (lambda lab: (lab / "x.md").write_text(f"> {ANSWER}"), "cell 5"),
    ],
)
def test_labs_that_are_not_as_made_are_named(
    made: Path, spoil: Callable[[Path], object], words: str
) -> None:
    spoil(made / "labs" / "lab77")
    with pytest.raises(BadFile, match=words):
        release.check_labs(made)


def test_hidden_tests_are_found_in_a_lab(made: Path) -> None:
    shutil.copy(made / "solutions" / "lab77" / "checks.py", made / "labs" / "lab77")
    with pytest.raises(BadFile) as caught:
        release.check_labs(made)
    assert "holds the marker" in caught.value.message
    assert "kept back in solutions/lab77/checks.py" in caught.value.message


# nbgrader's own commands


@pytest.fixture
def call_nbgrader(made: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], object]:
    """Runs Python code against `api`, nbgrader's own, in the course's folder."""
    monkeypatch.chdir(made)
    monkeypatch.setenv("HOME", str(made))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    # nbgrader calls alembic by its bare name.
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)

    def call(code: str) -> object:
        code = (
            "import json\n"
            "from nbgrader.apps import NbGraderAPI\n"
            "from traitlets.config.loader import PyFileConfigLoader\n"
            "config = PyFileConfigLoader('nbgrader_config.py', '.').load_config()\n"
            f"api = NbGraderAPI(config=config)\n{code}"
        )
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])

    return call


def test_nbgrader_itself_makes_the_same_labs_and_grades_them_right(
    made: Path, call_nbgrader: Callable[[str], object]
) -> None:
    ours = read_all(made / "labs")
    for learner, folder in (("anna", "solutions"), ("ben", "labs")):
        submitted = made / "submitted" / learner / "lab77"
        submitted.mkdir(parents=True)
        shutil.copy(made / folder / "lab77" / "lab77.ipynb", submitted)
    scores = call_nbgrader(
        "done = [api.generate_assignment('lab77')]\n"
        "done += [api.autograde('lab77', learner) for learner in ('anna', 'ben')]\n"
        "assert all(one['success'] for one in done), done\n"
        "with api.gradebook as book:\n"
        "    scores = [book.find_submission('lab77', name).score for name in ('anna', 'ben')]\n"
        "print('\\n' + json.dumps(scores))"
    )
    assert read_all(made / "labs") == ours
    assert scores == [4.0, 0.0]


# start


def test_a_learners_copy_is_the_lab(made: Path) -> None:
    (made / "labs" / "lab77" / "__pycache__").mkdir()
    assert labs.start_lab("lab77", made / "work", root=made) is None
    assert read_all(made / "work" / "lab77") == read_all(made / "labs" / "lab77")
    assert [path.name for path in (made / "work").iterdir()] == ["lab77"]


def test_a_copy_that_is_there_is_kept_whole(made: Path) -> None:
    labs.start_lab("lab77", made / "work", root=made)
    (made / "work" / "lab77" / "lab77.ipynb").write_text("mine")
    with pytest.raises(BadInput, match="--again"):
        labs.start_lab("lab77", made / "work", root=made)
    assert (made / "work" / "lab77" / "lab77.ipynb").read_text() == "mine"


def test_beginning_anew_keeps_every_older_copy(made: Path) -> None:
    work = made / "work"
    labs.start_lab("lab77", work, root=made)
    for text, name in (("first", "lab77-1"), ("second", "lab77-2")):
        (work / "lab77" / "lab77.ipynb").write_text(text)
        assert labs.start_lab("lab77", work, again=True, root=made) == work / name
        assert (work / name / "lab77.ipynb").read_text() == text
    assert read_all(work / "lab77") == read_all(made / "labs" / "lab77")


def test_a_copy_that_fails_half_way_leaves_nothing(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_half(source: str, target: str) -> None:
        Path(target).write_text("half")
        raise OSError("No space left on device")

    labs.start_lab("lab77", made / "work", root=made)
    before = read_all(made / "work")
    monkeypatch.setattr(shutil, "copyfile", copy_half)
    with pytest.raises(BadFile, match="No space left"):
        labs.start_lab("lab77", made / "work", again=True, root=made)
    assert read_all(made / "work") == before
    assert [path.name for path in (made / "work").iterdir()] == ["lab77"]


def test_a_copy_that_cannot_get_its_name_leaves_the_older_one(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(path: Path, target: Path) -> Path:
        if path.parent.name.startswith("."):
            raise PermissionError("it is open in another program")
        return original(path, target)

    original = Path.rename
    labs.start_lab("lab77", made / "work", root=made)
    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(BadFile, match="another program"):
        labs.start_lab("lab77", made / "work", again=True, root=made)
    assert [path.name for path in (made / "work").iterdir()] == ["lab77"]


def test_a_copy_can_be_written_even_where_the_lab_cannot(made: Path) -> None:
    (made / "labs" / "lab77" / "lab77.ipynb").chmod(0o444)
    labs.start_lab("lab77", made / "work", root=made)
    assert (made / "work" / "lab77" / "lab77.ipynb").stat().st_mode & 0o200


@pytest.mark.parametrize("name", ["lab78", "", ".", "../labs/lab77", "LAB77x", "lab77/lab77.ipynb"])
def test_an_unknown_lab_is_refused_with_the_labs_there_are(made: Path, name: str) -> None:
    with pytest.raises(BadInput, match=r"The labs: lab77\."):
        labs.start_lab(name, made / "work", root=made)
    assert not (made / "work").exists()


def test_a_folder_that_cannot_be_made_is_named(made: Path) -> None:
    (made / "work").write_text("a file in the way")
    with pytest.raises(BadFile, match="could not be made"):
        labs.start_lab("lab77", made / "work", root=made)


# check


def start_with(made: Path, *sources: str, old: str = "", new: str = "") -> Path:
    """A learner's copy with the solution in it, edited, and more code cells before the check."""
    labs.start_lab("lab77", made / "work", root=made)
    notebook = make_solution()
    notebook.cells[2].source = notebook.cells[2].source.replace(old, new)
    notebook.cells[3:3] = [new_code_cell(source) for source in sources]
    path = made / "work" / "lab77" / "lab77.ipynb"
    nbformat.write(notebook, path)
    return path


def check(made: Path, path: Path, patience: float = 30) -> tuple[bool, str]:
    lines: list[str] = []
    well = tryout.check_copy(path, "lab77", say=lines.append, root=made, patience=patience)
    return well, "\n".join(lines)


def test_a_solution_holds_and_a_stub_does_not(made: Path) -> None:
    path = start_with(made)
    well, said = check(made, path)
    assert well
    assert "✓ a small number is doubled" in said
    assert "negative" not in said
    shutil.copy(made / "labs" / "lab77" / "lab77.ipynb", path)
    well, said = check(made, path)
    assert not well
    assert "✗ a small number is doubled" in said


def test_what_works_in_a_notebook_works(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANLAB_MODEL", "a real model that costs money")
    path = start_with(
        made,
        "%matplotlib inline\n%time x = 1\nimport matplotlib.pyplot as plt\nplt.show()",
        "import asyncio\nawait asyncio.sleep(0)",
        "task = asyncio.create_task(asyncio.sleep(0, 'done'))",
        "assert await task == 'done'",
        "print('x' * 10**7)",
        "!echo x",
        "import os\nassert 'PLANLAB_MODEL' not in os.environ",
        "undefined  # may fail",
    )
    edit(path, '"metadata": {},\n   "outputs": [],\n   "source": [\n    "undefined', MAY_FAIL)
    well, said = check(made, path)
    assert well, said
    assert "xxx" not in said


def test_cells_that_fail_are_named_and_the_rest_is_still_tried(made: Path) -> None:
    fail = {
        "1 / 0": "ZeroDivisionError: division by zero",
        "def broken(:": "SyntaxError: invalid syntax",
        "import sys; sys.exit(3)": "SystemExit: 3",
        "exit()": "SystemExit: a cell called exit",
        "input()": "EOFError: EOF when reading a line",
        "raise KeyboardInterrupt": "KeyboardInterrupt",
    }
    well, said = check(made, start_with(made, *fail))
    assert not well
    for number, (source, words) in enumerate(fail.items(), start=3):
        assert f"✗ Code cell {number} ({source}) fails: {words}" in said
    assert "✓ a small number is doubled" in said


def test_a_cell_that_ends_python_is_named(made: Path) -> None:
    well, said = check(made, start_with(made, "import os; os._exit(7)"))
    assert not well
    assert "Code cell 3 (import os; os._exit(7)) ended Python (exit code 7)" in said


def test_checks_that_cannot_be_read_are_named(made: Path) -> None:
    path = start_with(made)
    path.with_name("checks.py").write_text("lab = broken")
    well, said = check(made, path)
    assert not well
    assert "checks.py fails: NameError" in said


@contextmanager
def checking(made: Path, path: Path) -> Iterator[subprocess.Popen[str]]:
    """The check of a notebook in a process of its own, as the command runs it."""
    script = made / "script.py"
    script.write_text(
        "import sys, functools, signal; from pathlib import Path\n"
        "from planlab.grading import tryout\n"
        "if __name__ == '__main__':\n"
        # Python leaves it ignored where a shell has started the tests in the background.
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    try:\n"
        "        tryout.check_copy(Path(sys.argv[1]), 'lab77', root=Path(sys.argv[2]),\n"
        "                          say=functools.partial(print, flush=True), patience=0.2)\n"
        "    except KeyboardInterrupt:\n"
        "        print('interrupted')\n"
    )
    command = [sys.executable, script, path, made]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str], beginning: str) -> str:
    assert process.stdout is not None
    return next(line for line in process.stdout if line.startswith(beginning))


@pytest.mark.parametrize(
    ("old", "named"),
    [("async def", "Code cell 2 (while True: pass) "), ("twice =", "The check 'a small number")],
)
def test_an_endless_loop_is_named_and_interrupt_ends_it(made: Path, old: str, named: str) -> None:
    indent = "    " if old == "twice =" else ""
    path = start_with(made, old=old, new=f"while True: pass\n{indent}{old}")
    with checking(made, path) as process:
        assert wait_for(process, named).endswith("is still running. If it never ends: Ctrl-C.\n")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20)[0].splitlines()[-1] == "interrupted"


def test_an_endless_loop_does_not_outlive_its_check(made: Path) -> None:
    alive = made / "alive"
    path = start_with(made, f"while True: open({str(alive)!r}, 'w').close()")
    with checking(made, path) as process:
        wait_for(process, "Code cell 3")
    for _ in range(100):
        alive.unlink(missing_ok=True)
        time.sleep(0.1)
        if not alive.exists():
            return
    pytest.fail("the loop goes on")


def test_a_lab_that_was_not_started_says_how(made: Path) -> None:
    with pytest.raises(BadInput, match="planlab start lab77"):
        tryout.find_copy("lab77", made)


def test_what_to_check_is_found_by_lab_or_path(made: Path) -> None:
    path = start_with(made)
    assert tryout.find_copy("lab77", made) == (path, "lab77")
    moved = path.rename(made / "anna.ipynb")
    assert tryout.find_copy(str(moved), made) == (moved, "lab77")


def test_a_notebook_elsewhere_is_checked_by_the_labs_own_checks(made: Path) -> None:
    moved = start_with(made).rename(made / "anna.ipynb")
    assert check(made, moved)[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read as a notebook"),
        ("print('hello')", "cannot be read as a notebook"),
        ("[" * 100_000, "cannot be read as a notebook"),
        ('{"cells": [{}]}', "not a notebook"),
        ('{"worksheets": []}', "not a notebook"),
        ('{"cells": [], "metadata": {"planlab": {"lab": "lab78"}}}', "another lab: lab78"),
        ('{"cells": [], "metadata": {"planlab": {"lab": ["lab78"]}}}', None),
        ('{"cells": [], "metadata": 3}', None),
    ],
)
def test_a_file_that_is_not_this_labs_notebook_is_named(
    made: Path, text: str, words: str | None
) -> None:
    path = start_with(made)
    path.write_text(text)
    if words is None:  # some editors drop the metadata: the name tells
        assert tryout.find_copy("lab77", made) == (path, "lab77")
        return
    with pytest.raises((BadFile, BadInput), match=words):
        tryout.find_copy("lab77", made)


def test_bytes_that_are_no_text_and_folders_are_named(made: Path) -> None:
    path = start_with(made)
    path.write_bytes(b'{"cells": "\xff"}')
    with pytest.raises(BadFile, match="cannot be read"):
        tryout.find_copy("lab77", made)
    with pytest.raises(BadFile, match="is a folder"):
        tryout.find_copy(str(path.parent), made)
    with pytest.raises(BadFile, match="is not there"):
        tryout.find_copy(str(made / "no.ipynb"), made)


# bundle


@pytest.fixture
def whole(made: Path) -> Path:
    """A course folder with what learners need, and what they must not see."""
    texts = {"README.md": "Start", "planlab/__init__.py": "", "notebooks/00.ipynb": "{}"}
    secrets = {"tests/mutants/lab77/a.py": "", "INSTRUCTORS.md": "rubric", "gradebook.db": ""}
    for name, text in (texts | secrets).items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    return made


def names_in(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as packed:
        return {name.partition("/")[2] for name in packed.namelist()}


def test_learners_get_the_course_without_solutions(whole: Path, tmp_path: Path) -> None:
    bundle.pack_course(tmp_path / "out.zip", whole)
    assert names_in(tmp_path / "out.zip") == {
        "README.md",
        "labs/lab77/checks.py",
        "labs/lab77/lab77.ipynb",
        "notebooks/00.ipynb",
        "planlab/__init__.py",
    }


def test_the_same_course_gives_the_same_zip(whole: Path, tmp_path: Path) -> None:
    bundle.pack_course(tmp_path / "one.zip", whole)
    for path in whole.rglob("*.*"):
        os.utime(path, (1e9, 1e9))
    bundle.pack_course(tmp_path / "two.zip", whole)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_only_what_git_tracks_is_packed(whole: Path, tmp_path: Path) -> None:
    (whole / "notebooks" / "räume.ipynb").write_text("{}")
    subprocess.run(["git", "init", "-q"], cwd=whole, check=True)
    subprocess.run(["git", "add", "labs", "notebooks", "solutions"], cwd=whole, check=True)
    bundle.pack_course(tmp_path / "out.zip", whole)
    assert "notebooks/räume.ipynb" in names_in(tmp_path / "out.zip")
    assert "README.md" not in names_in(tmp_path / "out.zip")


def test_a_leak_packs_nothing(whole: Path, tmp_path: Path) -> None:
    shutil.copy(whole / "solutions" / "lab77" / "checks.py", whole / "labs" / "lab77")
    with pytest.raises(BadFile):
        bundle.pack_course(tmp_path / "out.zip", whole)
    assert not list(tmp_path.glob("*.zip"))


# the command line


def test_the_commands_say_what_is_wrong_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["start", "lab77"], ["check", "lab77"], ["check", "no.ipynb"]):
        assert main(command) == 1
        assert capsys.readouterr().err.count("\n") == 1


def run_planlab(*arguments: object) -> subprocess.CompletedProcess[str]:
    """`python -m planlab …` where the screen knows no check mark."""
    command = [sys.executable, "-m", "planlab", *map(str, arguments)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_where_the_screen_knows_no_check_mark_a_lab_is_started_and_checked(tmp_path: Path) -> None:
    started = run_planlab("start", "lab01", "--to", tmp_path)
    assert started.returncode == 0, started.stderr
    checked = run_planlab("check", tmp_path / "lab01" / "lab01.ipynb")
    assert checked.returncode == 1, checked.stderr
    assert "it is not written yet" in checked.stdout


@pytest.mark.parametrize("lab", labs.find_labs(ROOT / "labs"))
def test_a_learner_starts_a_lab_and_the_untouched_copy_fails_its_check(
    tmp_path: Path, lab: str, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = tmp_path / lab / f"{lab}.ipynb"
    assert main(["start", lab, "--to", str(tmp_path)]) == 0
    assert f"jupyter lab {notebook}" in capsys.readouterr().out
    assert main(["check", str(notebook)]) == 1
    assert "it is not written yet" in capsys.readouterr().out


@pytest.mark.parametrize("lab", labs.find_labs(ROOT / "solutions"))
def test_a_solution_passes_its_check(lab: str, capsys: pytest.CaptureFixture[str]) -> None:
    passed = main(["check", str(ROOT / "solutions" / lab / f"{lab}.ipynb")]) == 0
    assert passed, capsys.readouterr().out


def test_labs_are_what_solutions_make() -> None:
    assert release.check_labs() == labs.find_labs(ROOT / "labs")
