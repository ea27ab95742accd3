"""Directives: `drawn`, examples and the picture that they make; `raises`, examples and their error; `gallery`, a picture of the gallery."""

import os
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from docs.writer import gallery, pages, pictures


def images(env):
    """The folder of the pictures of a site."""
    return Path(env.srcdir) / "_build" / "static" / "pictures"


class Shown(SphinxDirective):
    """What the two share: a piece of HTML with the way to the pictures."""

    def raw(self, html):
        way = "../" * self.env.docname.count("/") + "_static/pictures"
        return nodes.raw("", html.replace("PICTURES", way), format="html")


class Gallery(Shown):
    """A picture of the gallery, by the name of its script."""

    required_arguments = 1

    def run(self):
        return [self.raw(gallery.shown(self.arguments[0], images(self.env))[2])]


class Example(Shown):
    """Examples, run after those above them on the page."""

    has_content = True

    def page(self):
        """The examples of this page, up to this directive not yet run."""
        found = self.env.current_document
        if "examples" not in found:
            found["examples"] = Page(self.env.doc2path(self.env.docname))
        return found["examples"]

    def code(self, language="python"):
        text = "\n".join(self.content)
        return nodes.literal_block(text, text, language=language)


class Drawn(Example):
    """Examples, and the last picture that they make."""

    def run(self):
        page = self.page()
        name = f"{self.env.docname.replace('/', '.')}.{len(page.todo)}"
        return [self.code(), self.raw(pictures.write(page.picture(), name, images(self.env)))]


class Raises(Example):
    """Examples, and the error in which they end, as it is printed today; its kind is the argument."""

    required_arguments = 1

    def run(self):
        error = self.page().error()
        if type(error).__name__ != self.arguments[0]:
            raise self.error(f"{error!r} was raised, not {self.arguments[0]}")
        text = f"{type(error).__name__}: {error}"
        return [self.code(), nodes.literal_block(text, text, language="text", classes=["message"])]


class Page:
    """The examples of a page, run in their order, in a folder of their own, as they are asked for."""

    def __init__(self, path):
        self.todo = [b for b in pages.blocks(Path(path).read_text(encoding="utf-8")) if b.kind in pages.PYTHON]
        self.namespace = {"__name__": "__main__"}

    def up_to(self, kind):
        """Run what stands above the next block of a kind; the examples of that block."""
        while (block := self.todo.pop(0)).kind != kind:
            if block.kind == "python":
                pictures.run(pictures.PARSER.get_examples(block.text), self.namespace, [])
        return pictures.PARSER.get_examples(block.text)

    def picture(self):
        """The picture of the next block that is drawn, as a function of the theme."""
        with elsewhere():
            examples, before, shown = self.up_to("drawn"), {**self.namespace}, []
            pictures.run(examples, self.namespace, shown)
        new = [value for name, value in self.namespace.items() if before.get(name) is not value]
        made = [value for value in [*new, *shown] if pictures.is_drawing(value) or pictures.is_plot(value)]
        if not made:
            raise ValueError(f"nothing is drawn by {examples[-1].source}")
        return (
            partial(pictures.themed, made[-1]) if pictures.is_drawing(made[-1]) else partial(pictures.plotted, examples, before)
        )

    def error(self):
        """The error of the next block that raises one."""
        with elsewhere():
            examples = self.up_to("raises")
            try:
                pictures.run(examples, self.namespace, [])
            except Exception as error:
                return error
        raise ValueError(f"nothing is raised by {examples[-1].source}")


@contextmanager
def elsewhere():
    """A folder for what examples write. It is taken away, so the blocks that read a file stand together with the one that wrote it."""
    before = os.getcwd()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
