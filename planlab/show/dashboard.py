"""The capstone's comparison on one page: choose a task, what befalls it, and what is measured.

    dashboard(rows)                                                  plots and a table, to choose in
    dashboard_text(rows, "rivals", "surprise 0.4", "success")        the same as text

Intervals are at 95 %: Wilson's for a share of runs, mean and 1.96 standard errors for an amount.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TypeVar

from planlab.compare import Conditions, Row, select, wilson
from planlab.compare.assignments import ASSIGNMENTS
from planlab.compare.capstone import ALL, LEVELS, STUDY, parse_measured
from planlab.errors import BadInput
from planlab.show.bars import PALETTE, figure_with_alt
from planlab.show.shown import Shown
from planlab.show.tables import show_table

T = TypeVar("T")

TASKS: Mapping[str, int] = {job.name: number for number, job in enumerate(ASSIGNMENTS)}
CONDITIONS: Mapping[str, Conditions] = {
    "calm": {},
    **{f"surprise {level:g}": {"volatility": level} for level in LEVELS[1:]},
    "crash": {"crash": 1},
    "attack": {"attack": 1, "obeys": 1},
    "surprise 0.2, more slips": {"volatility": 0.2, "slips": 0.2},
}
"""What befalls a run, as it differs from the study's base."""


@dataclass(frozen=True)
class Measure:
    """What is read from a run; a `share` is of runs for which it is true."""

    of: Callable[[Row], float]
    share: bool = False
    digits: int = 1


MEASURES: Mapping[str, Measure] = {
    "success": Measure(lambda row: row.outcome.success, share=True, digits=2),
    "runs with harm": Measure(
        lambda row: parse_measured(row.outcome.path).harm > 0, share=True, digits=2
    ),
    "model calls": Measure(lambda row: row.outcome.calls),
    "tokens": Measure(lambda row: row.outcome.tokens, digits=0),
    "dollars": Measure(lambda row: row.outcome.dollars, digits=4),
    "seconds": Measure(lambda row: parse_measured(row.outcome.path).makespan),
    "tool calls": Measure(lambda row: parse_measured(row.outcome.path).tools),
    "questions": Measure(lambda row: parse_measured(row.outcome.path).asked),
}
"""Seconds are of the virtual clock, and tool calls of the life that ended; see the study."""


@dataclass(frozen=True)
class Estimate:
    """A mean over so many runs, and the 95 % interval that it lies in."""

    mean: float
    low: float
    high: float
    runs: int


def estimate(rows: Sequence[Row], measure: Measure) -> Estimate:
    """The mean of a measure; raises `BadInput` where there are no rows."""
    if not rows:
        raise BadInput("There are no runs to measure: make the study's rows again, all of them.")
    values = [float(measure.of(row)) for row in rows]
    mean = fmean(values)
    if measure.share:
        return Estimate(mean, *wilson(round(sum(values)), len(values)), len(values))
    error = 1.96 * stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return Estimate(mean, mean - error, mean + error, len(values))


def cell(rows: Sequence[Row], system: str, task: str, condition: str) -> list[Row]:
    """The runs of one system on one task under one condition."""
    return select(
        rows, system, **{**STUDY.base, **_known(CONDITIONS, condition), "task": _known(TASKS, task)}
    )


def dashboard_text(
    rows: Sequence[Row], task: str = "rivals", condition: str = "calm", measure: str = "success"
) -> str:
    """Table of all systems: the chosen measure with its interval, and the means of the others."""
    return _table(rows, task, condition, measure).text


def _table(rows: Sequence[Row], task: str, condition: str, measure: str) -> Shown:
    chosen = _known(MEASURES, measure)
    others = {name: other for name, other in MEASURES.items() if name != measure}
    lines = []
    for system in ALL:
        runs = cell(rows, system, task, condition)
        found = estimate(runs, chosen)
        interval = f"{found.low:.{chosen.digits}f} to {found.high:.{chosen.digits}f}"
        means = {n: f"{estimate(runs, m).mean:.{m.digits}f}" for n, m in others.items()}
        shown = {measure: f"{found.mean:.{chosen.digits}f}", "95 % interval": interval}
        lines.append({"system": system, **shown, **means})
    runs_each = len(cell(rows, ALL[0], task, condition))
    return show_table(lines, title=f"{task}, {condition}: {measure}; {runs_each} runs a system")


def _figure(rows: Sequence[Row], task: str, condition: str, measure: str) -> Shown:
    """Left the chosen condition, right the same measure over the world's surprise."""
    import matplotlib.pyplot as plt

    chosen = MEASURES[measure]
    levels = ["calm", *(name for name, levels in CONDITIONS.items() if [*levels] == ["volatility"])]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    told = []
    for place, (system, colour) in enumerate(zip(ALL, PALETTE, strict=True)):
        found = estimate(cell(rows, system, task, condition), chosen)
        spread = [[max(0.0, found.mean - found.low)], [max(0.0, found.high - found.mean)]]
        left.errorbar([found.mean], [place], xerr=spread, fmt="o", color=colour, capsize=3)
        over = [estimate(cell(rows, system, task, name), chosen).mean for name in levels]
        # Lines that lie on each other would hide one another: each is moved a little.
        moved = [level + 0.006 * (place - 3.5) for level in LEVELS]
        right.plot(moved, over, marker="o", color=colour, label=system)
        told.append(f"{system} {found.mean:.{chosen.digits}f}")
    left.set(yticks=range(len(ALL)), yticklabels=ALL, xlabel=measure, title=condition)
    left.invert_yaxis()
    right.set(xticks=LEVELS, xlabel="surprise (volatility)", ylabel=measure, title=task)
    right.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure_with_alt(figure, f"{measure} on {task}, {condition}: {', '.join(told)}.")


def _known(table: Mapping[str, T], name: str) -> T:
    if name not in table:
        raise BadInput(f"There is no {name!r} here; there are: {', '.join(table)}.")
    return table[name]


@dataclass(frozen=True, repr=False)
class Dashboard:
    """Plots and a table with three choices; without a kernel, the table of the first choice."""

    rows: Sequence[Row]

    def __repr__(self) -> str:
        return dashboard_text(self.rows)

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> dict[str, object]:
        table = _table(self.rows, "rivals", "calm", "success")
        return {**self._widget(), **table.forms, "text/plain": table.text}

    def _widget(self) -> dict[str, object]:
        import ipywidgets as widgets

        page = widgets.HTML()
        choices = {
            name: widgets.Dropdown(options=[*table], value=value, description=name.capitalize())
            for name, table, value in (
                ("task", TASKS, "rivals"),
                ("condition", CONDITIONS, "calm"),
                ("measure", MEASURES, "success"),
            )
        }

        def draw(_: object = None) -> None:
            chosen = [choice.value for choice in choices.values()]
            parts = (_figure(self.rows, *chosen), _table(self.rows, *chosen))
            page.value = "".join(part.forms["text/html"] for part in parts)

        for choice in choices.values():
            choice.observe(draw, names="value")
        draw()
        head = widgets.HBox([*choices.values()], layout=widgets.Layout(flex_flow="row wrap"))
        return dict(widgets.VBox([head, page])._repr_mimebundle_())


def dashboard(rows: Sequence[Row]) -> Dashboard:
    """The page for these rows of the capstone study; raises `BadInput` if some are missing."""
    found = Dashboard(rows)
    dashboard_text(rows)  # all systems are there, or it says so now
    return found
