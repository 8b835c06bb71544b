"""nbgrader's settings for this course: run its commands in this folder.

`python -m planlab labs build` uses them too, so both make the same labs.
"""

from pathlib import Path

from nbgrader.preprocessors import NbGraderPreprocessor

from planlab.grading.hidden import cut_hidden_tests


class CutHiddenTests(NbGraderPreprocessor):
    """Cuts the hidden tests out of the files beside a released notebook.

    Not nbgrader's post_convert_hook: what that raises is passed over in silence, and the hidden
    tests would be handed out. After an error in here, nbgrader removes the release.
    """

    def preprocess(self, nb, resources):
        course, lab = self.parent.parent.coursedir, resources["nbgrader"]["assignment"]
        cut_hidden_tests(Path(course.format_path(course.release_directory, ".", lab)))
        return nb, resources


c = get_config()  # noqa: F821 (nbgrader defines it)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "labs"
c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("Write your code here.")'}
c.ClearSolutions.text_stub = "*Write your answer here.*"
c.GenerateAssignment.preprocessors.append(CutHiddenTests)
c.Execute.timeout = 60  # seconds for a cell; a whole question is checked in one
