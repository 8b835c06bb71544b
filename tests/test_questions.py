"""The questions over the whole course, and how a file of questions is read."""

from collections import Counter

import pytest

from planlab.errors import BadFile
from planlab.show import load_quiz

COURSE = "notebooks/data/questions.toml"
ONE = """
[[question]]
lesson = "01"
prompt = "Can a model take back what it wrote?"
[[question.choices]]
text = "Yes"
right = false
explanation = "It only goes forward."
[[question.choices]]
text = "No"
right = true
explanation = "A correction is new text."
"""


def test_twenty_questions_go_over_every_lesson_in_order():
    lessons = [question.lesson for question in load_quiz(COURSE).questions]
    assert len(lessons) == 20
    assert lessons == sorted(lessons)
    assert set(lessons) == {f"{n:02}" for n in range(11)}


def test_neither_place_nor_length_gives_a_right_answer_away():
    questions = load_quiz(COURSE).questions
    assert all(sum(choice.right for choice in question.choices) == 1 for question in questions)
    places = Counter(
        letter for q in questions for letter, choice in q.lettered.items() if choice.right
    )
    assert max(places.values()) <= len(questions) / 2
    longest = [max(q.choices, key=lambda choice: len(choice.text)).right for q in questions]
    assert sum(longest) <= len(questions) / 2


def test_a_file_of_questions_is_shown_with_the_lesson_each_goes_back_to(tmp_path):
    path = tmp_path / "questions.toml"
    path.write_text(ONE, encoding="utf-8")
    quiz = load_quiz(path, title="The whole course")
    assert str(quiz).startswith("The whole course\n1. Can a model take back what it wrote? (lesson")
    assert quiz.answer(1, "b", "certain").right


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('lesson = "01"', 'leson = "01"', "question.0.leson"),
        ("right = true", "right = false", "Can a model take back"),
        ('explanation = "It only goes forward."', "", "question.0.choices.0.explanation"),
        ("[[question]]", "[question", "line 2"),
    ],
)
def test_a_fault_in_the_file_is_named_with_its_place(tmp_path, old, new, named):
    path = tmp_path / "questions.toml"
    path.write_text(ONE.replace(old, new), encoding="utf-8")
    with pytest.raises(BadFile, match=named):
        load_quiz(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadFile, match=r"none\.toml"):
        load_quiz(tmp_path / "none.toml")
