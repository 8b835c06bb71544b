"""The command line: `python -m planlab COMMAND`.

A command is one line in COMMANDS and two functions: one adds its options to a parser, the other
does the work and returns the exit code. What a command needs is imported when it runs, so that
`doctor` works where packages are missing.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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


def _serve(options: argparse.Namespace) -> int:
    from planlab.simulated import Simulator, serve

    simulator = Simulator(faults=options.faults, latency=options.latency, seed=options.seed)
    serve(host=options.host, port=options.port, simulator=simulator)
    return 0


COMMANDS = (
    Command("doctor", "say what is missing or mismatched, and the remedy", _no_options, _doctor),
    Command("serve", "answer any OpenAI client with the simulated model", _serve_options, _serve),
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
