"""What was handed in, by whom, when?"""

from graders.intake.collecting import collect
from graders.intake.notebook_file import NotebookProblem, ReadNotebook, read_notebook
from graders.intake.submission import Submission

__all__ = ["NotebookProblem", "ReadNotebook", "Submission", "collect", "read_notebook"]
