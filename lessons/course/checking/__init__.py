"""Whether an answer is right: it is called with care, compared with the solution, and told in a sentence. Here is what looks at values,
functions and what they raise; nothing here knows a lesson, its files or what a learner has done.
"""

from .answers import Failure, examine
from .cases import arrays, tensors
from .outcome import TimeUp, YourTurn, attempt, own_line

__all__ = ["Failure", "TimeUp", "YourTurn", "arrays", "attempt", "examine", "own_line", "tensors"]
