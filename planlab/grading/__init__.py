"""Labs and their grades: what a lab's `checks.py` is written with.

The grader itself is `planlab.grading.judge`; `python -m planlab grade` runs it.
"""

from planlab.simulated.scripted import calls, says

from .checks import Handle, Lab, Probe, Question, Served
from .grades import Finding, Grade
from .link import Broken, Raised
from .values import Struct

__all__ = [
    "Broken",
    "Finding",
    "Grade",
    "Handle",
    "Lab",
    "Probe",
    "Question",
    "Raised",
    "Served",
    "Struct",
    "calls",
    "says",
]
