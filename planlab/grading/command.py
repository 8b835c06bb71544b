"""`python -m planlab grade`: a class graded into a folder.

Roster, marks and paths are checked before anything runs. Then each grade goes into the gradebook as
it is ready; table, pages and exports are made from the gradebook at the end. So a run that was
stopped, however, goes on where it was when the same command is given again.
"""

import argparse
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from planlab import __version__
from planlab.errors import BadInput
from planlab.grading.checks import Lab, load_lab
from planlab.grading.collect import find_submissions
from planlab.grading.files import digest_folder
from planlab.grading.gradebook import Gradebook
from planlab.grading.labs import ROOT, check_lab, shown
from planlab.grading.naming import known_names
from planlab.grading.roster import compare_with_class
from planlab.grading.session import Judge, Order, Session
from planlab.grading.settings import Settings, recall
from planlab.grading.submissions import Submission
from planlab.grading.summary import OUT
from planlab.grading.table import handed_in


def run(options: argparse.Namespace) -> int:
    """Do what the command line says; 0 when the run is finished, whatever the submissions hold."""
    from planlab.grading.judge import default_jobs, grade_all

    check_lab(options.lab, ROOT / "solutions")
    jobs = default_jobs() if options.jobs is None else options.jobs
    if jobs < 1:
        raise BadInput(f"--jobs {jobs}: at least 1 is needed.")
    words = ("roster", "due", "seed", "manual", "unsafe")
    order = Order(
        ROOT / "solutions" / options.lab,
        choose_folder(options.out, options.manual),
        paths=options.submissions,
        jobs=jobs,
        **{word: getattr(options, word) for word in words},
    )
    return run_order(order, grade_all)


def choose_folder(out: Path | None, manual: Path | None) -> Path:
    """The folder of grades: as named, or the one whose marks are read, or the usual one.

    Raises `BadInput` for marks that lie beside another gradebook than that of `out`: they are most
    likely another class's.
    """
    own = manual.parent if manual and (manual.parent / "gradebook.db").exists() else None
    if out and own and own.resolve() != out.resolve():
        raise BadInput(
            f"{manual} lies beside the gradebook of {shown(own)}, and --out names {shown(out)}. "
            f"Leave --out away to read it in there; copy the file elsewhere if it is for "
            f"{shown(out)}."
        )
    return out or own or OUT


def run_order(
    order: Order, judge: Judge, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> int:
    """Grade, and write everything into the order's folder."""
    lab = load_lab(order.lab_folder)
    _check(order)
    with Gradebook(order.out, lab.id) as book:
        session = Session(order, lab, book, package_version(), now)
        settings = recall(book, order.roster, order.due)
        submissions = _find(order, lab, book, settings)
        session.read_marks({submission.name for submission in submissions}, order.manual)
        settings.keep(book)
        if not order.paths:
            return session.report(session.last_run(), settings.roster)
        run = book.begin(session.terms(), submissions, now())
        if not session.grade(run, submissions, judge):
            return 1
        return session.report(run, settings.roster)


def _check(order: Order) -> None:
    """Raise `BadInput` where the order's paths make no sense together."""
    if not order.paths and order.manual is None:
        raise BadInput("Name the submissions to grade, or a table to read with --manual.")
    if order.out.resolve() in {path.resolve() for path in order.paths}:
        raise BadInput(f"{order.out} holds the submissions. Choose another folder with --out.")


def _find(order: Order, lab: Lab, book: Gradebook, settings: Settings) -> list[Submission]:
    """The class of this order; nobody where only marks are to be read."""
    if not order.paths:
        return []
    names = {name: name for name in book.names()} | known_names(settings.roster)
    found = find_submissions(order.paths, lab.id, names)
    return compare_with_class(found, settings.roster, settings.due, before=handed_in(book))


def package_version() -> str:
    """planlab's version, with the commit of its tree, and a digest where the tree was changed."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return __version__
    command = [git, "--no-optional-locks", "-C", str(ROOT), "describe"]
    options = ["--always", "--dirty", "--exclude=*"]
    described = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if described.returncode:
        return __version__
    commit = described.stdout.strip()
    changed = f".{digest_folder(ROOT / 'planlab')[:8]}" if commit.endswith("-dirty") else ""
    return f"{__version__}+{commit}{changed}"
