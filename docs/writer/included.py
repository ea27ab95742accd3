"""Pages of the project that the site shows too: a line `<!-- include FILE -->` of a page becomes that file, `FILE#Title`
a section of it, with links that lead to pages."""

import posixpath
import re

from docs.writer.names import ROOT

LINE = re.compile(r"^<!-- include ([^\s#]+)(?:#(\S+))? -->$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\(([^)\s#:]+)(#[^)\s]*)?\)")
PLACES = {  # files beside docs/, and the pages that stand for them
    "lessons/README.md": "course/index.md",
    "visuals/README.md": "gallery/index.rst",
    "benchmarks/README.md": "benchmarks.md",
    "benchmarks/": "benchmarks.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "index.md",
}


def included(text, docname):
    """The text of a page with what it includes, and the files that it includes."""

    def filled(line):
        words = (ROOT / line[1]).read_text(encoding="utf-8")
        return with_links(section(words, line[2]) if line[2] else words, posixpath.dirname(line[1]), docname)

    return LINE.sub(filled, text), [ROOT / line[1] for line in LINE.finditer(text)]


def section(text, title):
    """What stands under a heading of a file, up to the next one."""
    return re.search(rf"^## {re.escape(title)}\n\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)[1].rstrip()


def with_links(text, folder, docname):
    """The text of a file in a folder of the project as a page of the site: links lead to pages, to other files only in words."""

    def led(link):
        target = posixpath.normpath(posixpath.join(folder, link[2]))
        page = PLACES.get(target, target.removeprefix("docs/") if target.startswith("docs/") else lesson(target))
        return f"[{link[1]}]({posixpath.relpath(page, posixpath.dirname(docname) or '.')}{link[3] or ''})" if page else link[1]

    return LINK.sub(led, text)


def lesson(target):
    """The page of a lesson, "" for what is none."""
    found = re.fullmatch(r"lessons/(\d\d\w*)\.py", target)
    return f"course/{found[1]}.{'md' if found[1].startswith('00') else 'ipynb'}" if found else ""
