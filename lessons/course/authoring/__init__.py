"""For who writes and teaches lessons: a new one to start from, a copy to try one in, the claims that each has to meet, and the page of
what a learner has done. Here is what looks at lessons from outside; no lesson that runs may need anything of it.
"""

from .claims import CLAIMS, check, judge, number_of
from .new_lesson import skeleton
from .report import page
from .workshop import Workshop

__all__ = ["CLAIMS", "Workshop", "check", "judge", "number_of", "page", "skeleton"]
