"""Plans, traces and evidence to look at, each with a text form for screen readers and for tests."""

from planlab.show.bars import PALETTE, figure_with_alt
from planlab.show.course import course_map, load_course
from planlab.show.diagrams import diagram, plan_diagram
from planlab.show.evidence import Action, EvidenceCard, evidence_card
from planlab.show.failures import Check
from planlab.show.gantt import gantt
from planlab.show.questions import load_quiz
from planlab.show.quiz import Choice, Confidence, Feedback, Question, Quiz, recall
from planlab.show.shown import Shown
from planlab.show.tables import show_plan, show_table, show_trace
from planlab.show.timeline import timeline

__all__ = [
    "PALETTE",
    "Action",
    "Check",
    "Choice",
    "Confidence",
    "EvidenceCard",
    "Feedback",
    "Question",
    "Quiz",
    "Shown",
    "course_map",
    "diagram",
    "evidence_card",
    "figure_with_alt",
    "gantt",
    "load_course",
    "load_quiz",
    "plan_diagram",
    "recall",
    "show_plan",
    "show_table",
    "show_trace",
    "timeline",
]
