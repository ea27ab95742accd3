"""What a picture shows of a graph, and how it says it: steps, boxes, edges, formulas, words.

Here: everything that can be told without coordinates. Not here: sizes and places (`layout`).
Start with shown_graph, which puts columns, boxes and grouping together; hidden_steps and rolling change what is shown.
"""

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__
