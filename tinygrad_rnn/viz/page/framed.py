"""A page inside another one: what a notebook shows of it."""

from __future__ import annotations

from html import escape

__all__ = ["FramedPage"]


class FramedPage:
    """The page that plays a backward pass, in a frame of its own. Notebooks show it by itself."""

    def __init__(self, text: str, title: str, height: int) -> None:
        self.text, self.title, self.height = text, title, height

    def __repr__(self) -> str:
        return f"<page {self.title}, {len(self.text):,} characters>"

    def _repr_html_(self) -> str:
        # the frame may run the page's own script and nothing else: it cannot reach the notebook around it
        return (
            f'<iframe sandbox="allow-scripts" title="{escape(self.title)}" width="100%" height="{self.height}" '
            f'style="border: 0" srcdoc="{escape(self.text)}"></iframe>'
        )
