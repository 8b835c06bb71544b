"""What learners get, made from solutions: `solutions/labNN/` becomes `labs/labNN/`.

nbgrader makes the notebook; the hidden regions of the files beside it are cut out by
`cut_hidden_tests`, which `nbgrader_config.py` hangs into nbgrader itself, so that nbgrader's own
command cannot leak them either. The same solutions give the same labs, byte for byte.
"""

import logging
import shutil
import tempfile
from io import StringIO
from itertools import zip_longest
from pathlib import Path

from planlab.errors import BadFile, BadInput
from planlab.grading.hidden import raise_leaks
from planlab.grading.labs import ROOT, check_lab, find_labs, list_files, read_notebook, read_text


def build_labs(names: tuple[str, ...] = (), root: Path = ROOT) -> tuple[str, ...]:
    """Make `labs/` from `solutions/`, all labs or those named; returns the names of those made.

    A lab that cannot be made, or that would show a solution, leaves `labs/` as it was.
    """
    made = names or find_sources(root)
    with tempfile.TemporaryDirectory() as folder:
        for name in made:
            generate(name, root, Path(folder))
            raise_leaks(Path(folder) / name, root / "solutions" / name)
        for name in made:
            target = root / "labs" / name
            if target.exists():
                shutil.rmtree(target)
            shutil.copytree(Path(folder) / name, target)
    return made


def check_labs(root: Path = ROOT) -> tuple[str, ...]:
    """Raise `BadFile` unless `labs/` is what `solutions/` makes, with no solution in it.

    Returns the names of the labs.
    """
    sources = find_sources(root)
    if stray := sorted(set(list_folders(root / "labs")) - set(sources)):
        raise BadFile(f"labs/{stray[0]} has no source in solutions/. Remove it, or add its source.")
    with tempfile.TemporaryDirectory() as folder:
        for name in sources:
            raise_leaks(root / "labs" / name, root / "solutions" / name)
            generate(name, root, Path(folder))
            if difference := find_difference(root / "labs" / name, Path(folder) / name):
                raise BadFile(f"{difference} Run `python -m planlab labs build {name}`.")
    return sources


def find_sources(root: Path) -> tuple[str, ...]:
    """The names of the labs in `solutions/`; raises `BadInput` where there are none."""
    names = find_labs(root / "solutions")
    if not names:
        raise BadInput("There are no solutions/ here: labs are made in the instructors' tree.")
    if empty := sorted(set(list_folders(root / "solutions")) - set(names)):
        raise BadFile(f"solutions/{empty[0]} has no notebook {empty[0]}.ipynb.")
    return names


def list_folders(folder: Path) -> list[str]:
    """The names of the folders in `folder`."""
    found = folder.iterdir() if folder.is_dir() else ()
    return [path.name for path in found if path.is_dir() and path.name[0] not in "._"]


def generate(name: str, root: Path, to: Path) -> None:
    """Let nbgrader make the lab `name` in the folder `to`, without a gradebook."""
    check_lab(name, root / "solutions")
    check_ids(root / "solutions" / name / f"{name}.ipynb")
    try:
        from nbgrader.converters import GenerateAssignment
        from nbgrader.converters.base import NbGraderException
        from nbgrader.coursedir import CourseDirectory
        from traitlets.config.loader import PyFileConfigLoader
    except ModuleNotFoundError as error:
        raise BadInput(
            f"Labs are made with nbgrader, and {error.name} is not installed. "
            "Install requirements-dev.txt."
        ) from error
    config = PyFileConfigLoader("nbgrader_config.py", str(root)).load_config()
    config.SaveCells.enabled = False  # it would open the gradebook
    config.CourseDirectory.release_directory = str(to)
    course = CourseDirectory(config=config, root=str(root), assignment_id=name)
    log, said = record_log(name)
    try:
        GenerateAssignment(course, config=config, log=log, no_database=True, force=True).start()
    except (NbGraderException, SystemExit) as error:
        reason = without_frames(said.getvalue()) or str(error)
        raise BadFile(f"nbgrader could not make {name} from solutions/:\n{reason}") from error


def record_log(name: str) -> tuple[logging.Logger, StringIO]:
    """A logger that is heard nowhere else, and what it has been told."""
    said = StringIO()
    log = logging.Logger(name, logging.WARNING)
    log.addHandler(logging.StreamHandler(said))
    return log, said


def without_frames(log: str) -> str:
    """The lines of a log that say what happened, each once, and not where in nbgrader."""
    lines = [line for line in log.splitlines() if line and line[0] != " "]
    return "\n".join(line for line in dict.fromkeys(lines) if not line.startswith("Traceback"))


def check_ids(notebook: Path) -> None:
    """Raise `BadFile` unless each cell has an id of its own: nbformat would invent random ones."""
    ids = [cell.get("id") for cell in read_notebook(notebook)["cells"]]
    for number, identity in enumerate(ids, start=1):
        if not isinstance(identity, str) or identity in ids[: number - 1]:
            raise BadFile(f"{notebook}: cell {number} has no id of its own. Give it one.")


def find_difference(there: Path, wanted: Path) -> str | None:
    """The first place where the folder `there` is not as `wanted`, in words; None if the same."""
    has, should = (
        {path.relative_to(top): path for path in list_files(top)} for top in (there, wanted)
    )
    for name in sorted(has | should):
        file = (Path("labs") / there.name / name).as_posix()
        if name not in has:
            return f"{file} is missing."
        if name not in should:
            return f"{file} does not come from solutions/."
        lines = zip_longest(
            *(read_text(path).splitlines(True) for path in (has[name], should[name]))
        )
        for number, (is_, makes) in enumerate(lines, start=1):
            if is_ != makes:
                return f"{file}, line {number}, is {is_!r}; solutions/ makes {makes!r}."
    return None
