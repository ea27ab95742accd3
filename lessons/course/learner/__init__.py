"""What runs while somebody works through a lesson: its beats, questions, pictures and command line, its files and the progress that is
kept. Here is what a learner meets; how an answer is judged is in `checking`, and what only who writes a lesson needs in `authoring`.
"""

from .asking import Question, number_in
from .lesson import Lesson, Unfinished
from .lesson_files import catalog, entry, find, restored_by, solutions_of
from .pictures import heatmap
from .progress import Progress, state

__all__ = [
    "Lesson", "Progress", "Question", "Unfinished", "catalog", "entry", "find", "heatmap", "number_in", "restored_by", "solutions_of",
    "state",
]  # fmt: skip
