"""Compare systems on the same tasks: systems x conditions x seeds, one row a run, kept in a file.

A study (`crossover`) names its systems, its conditions and the grids over which they vary; `rows`
knows none of that. What a study shows of the simulated model hangs on the model's parameters, so
these are conditions like the others, and are varied too.
"""

from planlab.compare.rows import (
    Conditions,
    Grid,
    Outcome,
    Row,
    Study,
    load_rows,
    run_rows,
    save_rows,
    select,
    study_named,
    wilson,
)

__all__ = [
    "Conditions",
    "Grid",
    "Outcome",
    "Row",
    "Study",
    "load_rows",
    "run_rows",
    "save_rows",
    "select",
    "study_named",
    "wilson",
]
