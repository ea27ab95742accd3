"""`python lessons new 17 "title"`: a lesson that runs and passes all claims, to be rewritten beat by beat."""

import re
import unicodedata

from tinygrad_rnn.errors import DataError
from tinygrad_rnn.shared import write

from ..learner import catalog

LESSON = '''\
# %% [markdown]
# # {number} {title}
#
# **Which question does this lesson answer?**
#
# 15 minutes. You need: lesson 01.

# %%
from course import Lesson, Question, YourTurn, arrays, heatmap

import numpy as np

import tinygrad_rnn as tg

lesson = Lesson("{number}")
out = lesson.out

# %% [markdown]
# ## Guess first

# %%
lesson.predict("A number that one can guess at: what is the derivative of x**2 at x = 3?")

# %% [markdown]
# ## A worked example, and its picture

# %%
x = tg.Tensor(3.0, requires_grad=True, name="x")
y = x**2
lesson.picture(heatmap([[x.item(), y.item()]], ["here"], ["x", "x**2"], "A number and its square"), "square")

# %% [markdown]
# ## Exercise: the derivative


# %%
@lesson.exercise
def slope(x):
    """The derivative of x**2 at each entry of x (n,)."""
    raise YourTurn


# %%
lesson.check(slope, arrays(x=(3,)), arrays(x=(1,)))

# %% [markdown]
# ## The number

# %%
lesson.result(slope(np.array([3.0]))[0], "the derivative at 3", y.item(), "the value at 3")

# %%
y.backward()
lesson.wrong("The derivative is the value.", f"At 3 the value is {{y.item():g}}, and the engine's derivative {{x.grad:g}}.")

# %% [markdown]
# ## Three questions (one from an earlier lesson)

# %%
lesson.quiz(
    Question("The derivative of x**2 at 1?", slope(np.ones(1))[0], {{1: "That is the value."}}),
    Question("The derivative of x**2 at 0?", slope(np.zeros(1))[0], {{2: "That is the derivative of 2x."}}),
    Question("How many operations does x**2 leave?", sum(r.kind == "op" for r in tg.snapshot(y)), {{2: "x is given, not computed."}}),
)
lesson.end()
'''

SOLUTION = '''\
"""Lesson {number}: one way to write each exercise, three hints, known mistakes. These functions run with the names of the lesson."""


def slope(x):
    return 2 * x


HINTS = {{
    "slope": (
        "Where to look: how does x**2 change when x grows a little?",
        "The equation in words: twice the number.",
        "The shape of the code: return <a number> times <the input>",
    ),
}}


def the_value(x):
    return x**2


def a_constant(x):
    return 2.0


MISTAKES = {{
    "slope": [
        (the_value, "this is exactly what comes out when the value is returned, not its derivative"),
        (a_constant, "this is what comes out when x takes no part"),
    ],
}}

NUMBER = (6, 6)  # the band of the number, measured on five seeds
SECONDS = 3.0  # of CPU, for the whole lesson with its solutions
'''


def skeleton(home, number, title):
    """Write a lesson and its solutions; returns both paths. Raises `DataError` for a number that is taken, or no number."""
    if not re.fullmatch(r"[0-9]{2}[a-z]?", number):
        raise DataError(f"{number!r} is not the number of a lesson", hint="two digits, and a letter to insert one: 17, 07b")
    taken = [e.path.name for e in catalog(home) if e.number == number]
    if taken:
        raise DataError(f"lesson {number} exists: {taken[0]}", hint="renumbering is forbidden; insert with a letter (07b)")
    words = " ".join(title.split())
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()  # é becomes e
    name = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")[:60]
    if not name or not words.isprintable():
        raise DataError(f"{title!r} does not make a file name", hint="a title has letters from a to z or digits")
    paths = home / f"{number}_{name}.py", home / "solutions" / f"{number}_{name}.py"
    for path, text in zip(reversed(paths), (SOLUTION, LESSON), strict=True):  # a lesson without solutions is none
        write(path, text.format(number=number, title=words).encode())
    return paths
