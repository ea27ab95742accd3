"""Whether the writing of a plot can be read."""

import io
from itertools import combinations


def texts(figure):
    """(text, its box) of all that is written in a figure, after it was laid out."""
    from matplotlib.text import Text  # here: this file is read where matplotlib is not installed, too

    figure.savefig(io.BytesIO(), format="png")
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low <= tick.get_loc() <= high:
                    tick.label1.set_visible(False)
                    tick.label2.set_visible(False)
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            yield text.get_text(), text.get_window_extent()


def check_writing(figure):
    """Every text is inside the figure, and none lies on another."""
    boxes = list(texts(figure))
    assert len(boxes) > 5
    wide, high = figure.bbox.width, figure.bbox.height
    for text, box in boxes:
        assert -1 <= box.x0 <= box.x1 <= wide + 1, f"{text!r} leaves the figure"
        assert -1 <= box.y0 <= box.y1 <= high + 1, f"{text!r} leaves the figure"
    for (one, a), (other, b) in combinations(boxes, 2):
        shared = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(shared) < 3, f"{one!r} lies on {other!r}"
