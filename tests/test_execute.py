"""scripts/execute.py: what is saved, and what is refused."""

import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def script() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(ROOT / "scripts" / "execute.py")))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(*sources: str, tags: tuple[str, ...] = ()) -> Path:
        cells = [new_code_cell(source, metadata={"tags": list(tags)}) for source in sources]
        path = tmp_path / "lesson.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
        return path

    return write


def test_a_saved_notebook_is_the_same_when_executed_again(
    script: SimpleNamespace, write: Callable[..., Path]
) -> None:
    path = write("print('a')\nprint('b')", "object()", "object()", "len({1, 2})")
    assert script.main([str(path)]) == 0
    first = path.read_bytes()
    assert script.main([str(path)]) == 0
    assert path.read_bytes() == first
    assert script.main(["--check", str(path)]) == 0


def test_a_changed_output_is_found_and_nothing_saved(
    script: SimpleNamespace, write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("1 + 1")
    before = path.read_bytes()
    assert script.main(["--check", str(path)]) == 1
    assert '+       "2"' in capsys.readouterr().out
    assert path.read_bytes() == before


def test_a_cell_that_fails_keeps_the_notebook_from_being_saved(
    script: SimpleNamespace, write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("1 / 0")
    before = path.read_bytes()
    assert script.main([str(path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert path.read_bytes() == before


def test_a_cell_that_is_meant_to_fail_may(
    script: SimpleNamespace, write: Callable[..., Path]
) -> None:
    path = write("import json\njson.loads('{')", tags=("raises-exception",))
    assert script.main([str(path)]) == 0
    assert str(Path(nbformat.__file__).parents[1]) not in path.read_text()


def test_a_key_is_never_saved(
    script: SimpleNamespace,
    write: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "abcdefgh-1234")
    path = write("'abcdefgh' + '-1234'")
    before = path.read_bytes()
    assert script.main([str(path)]) == 1
    assert "SOME_API_KEY" in (said := capsys.readouterr().out)
    assert "abcdefgh-1234" not in said
    assert path.read_bytes() == before


@pytest.mark.parametrize(("tags", "same"), [(["nbval-ignore-output"], True), ([], False)])
def test_only_a_tagged_output_is_not_compared(
    script: SimpleNamespace, tags: list[str], same: bool
) -> None:
    def stored(seconds: str) -> list[str]:
        cell = new_code_cell("clock()", id="1", metadata={"tags": tags})
        cell.outputs = [new_output("stream", text=seconds)]
        return script.compared(script.render(new_notebook(cells=[cell])))

    assert (stored("0.31 s") == stored("0.29 s")) == same


def test_no_real_model_is_asked(
    script: SimpleNamespace, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANLAB_MODEL", "dear-model")
    path = write("import os\nos.environ.get('PLANLAB_MODEL', 'unset')")
    assert script.main([str(path)]) == 0
    assert "'unset'" in path.read_text()


def test_ids_depend_on_text_alone_and_widget_ids_are_dropped(script: SimpleNamespace) -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "f3"}, "text/plain": "Box()"}
    cells = [new_code_cell("1"), new_code_cell("1")]
    cells[0].outputs = [new_output("display_data", data=view)]
    tidied = script.tidy(new_notebook(cells=cells)).cells
    alone = script.tidy(new_notebook(cells=[new_code_cell("1")])).cells
    assert tidied[0].id == alone[0].id != tidied[1].id
    assert list(tidied[0].outputs[0].data) == ["text/plain"]


def test_paths_of_this_machine_are_made_relative(script: SimpleNamespace) -> None:
    seen = [f"File {ROOT / 'planlab' / 'tools.py'}:8", "at ~/.venv/lib/python3.12/json/x.py:1"]
    assert script.portable(seen) == ["File planlab/tools.py:8", "at json/x.py:1"]


def test_what_a_notebook_says_of_itself_is_kept_and_a_card_of_ours_is_not(script, write):
    path = write("1 + 1")
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["planlab"] = {"number": "03"}
    notebook.cells[0].outputs = [
        new_output("execute_result", {"text/plain": "2"}, metadata={"planlab_card": {}})
    ]
    tidied = script.tidy(notebook)
    assert tidied.metadata["planlab"] == {"number": "03"}
    assert tidied.cells[0].outputs[0].metadata == {}
