"""The command line: `python -m planlab COMMAND`.

A command is one line in COMMANDS and two functions: one adds its options to a parser, the other
does the work and returns the exit code. What a command needs is imported when it runs, so that
`doctor` works where packages are missing.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from planlab.errors import PlanlabError


@dataclass(frozen=True)
class Command:
    """One word after `python -m planlab`."""

    name: str
    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def _no_options(parser: argparse.ArgumentParser) -> None:
    pass


def _doctor(_options: argparse.Namespace) -> int:
    from planlab.doctor import examine, render_findings

    findings = examine()
    print(render_findings(findings))
    return 0 if all(finding.ok for finding in findings) else 1


def _serve_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine only")
    parser.add_argument("--port", type=int, default=8000, help="default: 8000; 0: any free one")
    parser.add_argument("--faults", help='for example "rate_limit@1, hallucinated_tool@3"')
    parser.add_argument("--latency", type=float, help="seconds that each answer takes")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other variations")
    parser.add_argument(
        "--cors", metavar="ORIGIN", help="let web pages of this origin (* for all) ask"
    )


def _serve(options: argparse.Namespace) -> int:
    from planlab.simulated import Simulator, serve

    simulator = Simulator(faults=options.faults, latency=options.latency, seed=options.seed)
    serve(host=options.host, port=options.port, simulator=simulator, cors=options.cors)
    return 0


def _start_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", help="for example lab01")
    parser.add_argument("--to", type=Path, help="a folder for the copy; default: work/")
    parser.add_argument("--again", action="store_true", help="begin anew; the old copy is kept")


def _start(options: argparse.Namespace) -> int:
    from planlab.grading.labs import ROOT, open_command, shown, start_lab

    to = options.to or ROOT / "work"
    kept = start_lab(options.lab, to, again=options.again)
    if kept:
        print(f"Your older copy is now {shown(kept)}.")
    copy = to / options.lab
    print(f"{shown(copy)} is yours. Open it:\n    {open_command(copy / f'{options.lab}.ipynb')}")
    return 0


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", help="for example lab01 (the copy in work/), or a notebook's path")


def _check(options: argparse.Namespace) -> int:
    from planlab.grading.labs import shown
    from planlab.grading.summary import say
    from planlab.grading.tryout import check_copy, find_copy

    path, lab = find_copy(options.lab)
    say(f"{shown(path)}, as it was last saved: save the notebook before you check it.")
    try:
        well = check_copy(path, lab, say=say)
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    say("\nAll visible checks hold." if well else "\nNot all is well yet: see the lines with ✗.")
    say("The grade comes from more checks than these, on other inputs.")
    return 0 if well else 1


def _labs_options(parser: argparse.ArgumentParser) -> None:
    choices = parser.add_subparsers(title="what to do", metavar="build|check|bundle", required=True)
    build = choices.add_parser("build", help="make labs/ from solutions/")
    build.add_argument("labs", nargs="*", help="default: all")
    build.set_defaults(act=_labs_build)
    check = choices.add_parser("check", help="fail unless labs/ is what solutions/ makes")
    check.set_defaults(act=_labs_check)
    bundle = choices.add_parser("bundle", help="pack what learners get")
    bundle.add_argument("--out", type=Path, help="default: dist/agents-that-plan.zip")
    bundle.set_defaults(act=_labs_bundle)


def _labs(options: argparse.Namespace) -> int:
    print(options.act(options))
    return 0


def _labs_build(options: argparse.Namespace) -> str:
    from planlab.grading.release import build_labs

    return f"Made from solutions/: {', '.join(build_labs(tuple(options.labs)))}."


def _labs_check(_options: argparse.Namespace) -> str:
    from planlab.grading.release import check_labs

    return f"As solutions/ makes them: {', '.join(check_labs())}."


def _labs_bundle(options: argparse.Namespace) -> str:
    from planlab.grading.bundle import pack_course
    from planlab.grading.labs import ROOT, shown

    out = options.out or ROOT / "dist" / "agents-that-plan.zip"
    return f"{shown(out)}: {pack_course(out)} files, without solutions and hidden tests."


def _grade_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", help="for example lab01")
    parser.add_argument(
        "submissions",
        nargs="*",
        type=Path,
        help="notebooks, folders of notebooks or of learners' folders, nbgrader's submitted/",
    )
    parser.add_argument("--out", type=Path, help="default: grades/, or where --manual's file lies")
    parser.add_argument("--roster", type=Path, help="CSV file; kept until another, or: none")
    parser.add_argument("--due", help='for example "2026-11-21 18:00"; kept until another, or none')
    parser.add_argument("--seed", type=int, help="of the hidden tests; default: the folder's own")
    parser.add_argument("--manual", type=Path, help="a grades.csv with marks to read in")
    parser.add_argument("--jobs", type=int, help="at a time; default: four more than the cores")
    parser.add_argument("--unsafe", action="store_true", help="run their code without a sandbox")


def _grade(options: argparse.Namespace) -> int:
    from planlab.grading.command import run

    return run(options)


def _compare_options(parser: argparse.ArgumentParser) -> None:
    studies = "crossover (lesson 03), cadence (04), search (06), fatigue (08), capstone (11)"
    parser.add_argument("study", help=studies)
    parser.add_argument("--seeds", type=int, default=20, help="runs a point; default: 20")
    parser.add_argument("--out", type=Path, help="default: notebooks/data/STUDY.csv")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="default: all cores")


def _compare(options: argparse.Namespace) -> int:
    from planlab.compare import run_rows, save_rows, study_named

    study = study_named(options.study)
    rows = run_rows(study, seeds=options.seeds, jobs=options.jobs, progress=True)
    out = options.out or Path("notebooks/data") / f"{study.name}.csv"
    command = f"python -m planlab compare {study.name} --seeds {options.seeds}"
    save_rows(rows, out, command=command)
    print(f"{out}: {len(rows)} runs of {len(study.cells())} points.")
    return 0


def _portfolio_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--notebooks", type=Path, help="a folder; default: notebooks/")
    parser.add_argument("--out", type=Path, help="default: work/portfolio.html")


def _portfolio(options: argparse.Namespace) -> int:
    from planlab.grading.labs import ROOT, shown
    from planlab.show.portfolio import load_portfolio, save_portfolio

    entries = load_portfolio(options.notebooks or ROOT / "notebooks")
    out = options.out or ROOT / "work" / "portfolio.html"
    save_portfolio(entries, out)
    missing = [entry.lesson.number for entry in entries if not entry.cards]
    print(f"{shown(out)}: {len(entries) - len(missing)} of {len(entries)} lessons.")
    if missing:
        print(f"Without a card yet: {', '.join(missing)}. Run them to their end, and save.")
    return 0


COMMANDS = (
    Command("doctor", "say what is missing or mismatched, and the remedy", _no_options, _doctor),
    Command("compare", "run a study: systems, conditions, seeds", _compare_options, _compare),
    Command("serve", "answer any OpenAI client with the simulated model", _serve_options, _serve),
    Command("start", "make a lab's copy of your own, in work/", _start_options, _start),
    Command("check", "try the visible checks on your copy of a lab", _check_options, _check),
    Command("portfolio", "put your evidence cards on one page", _portfolio_options, _portfolio),
    Command("labs", "make, check and pack the labs (instructors)", _labs_options, _labs),
    Command("grade", "grade a class into a folder (instructors)", _grade_options, _grade),
)


def make_parser(commands: Sequence[Command] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(prog="python -m planlab", description="Agents that plan.")
    choices = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in commands:
        child = choices.add_parser(command.name, help=command.help, description=command.help)
        command.add_options(child)
        child.set_defaults(run=command.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code, 1 where it could not do its work."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a check mark must not end a command in mid-air
            stream.reconfigure(errors="replace")
    options = make_parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except PlanlabError as error:
        print(error, file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "planlab":
            raise
        print(
            f"The package {error.name!r} is not installed. `python -m planlab doctor` says how to "
            "mend it.",
            file=sys.stderr,
        )
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
