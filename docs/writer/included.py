"""Pages of the project that the site shows too: a line `<!-- include FILE -->` of a page becomes that file, its links led to the site."""

import posixpath
import re

from docs.writer.names import ROOT

LINE = re.compile(r"^<!-- include (\S+) -->$", re.MULTILINE)
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
    files = [ROOT / name for name in LINE.findall(text)]
    return LINE.sub(
        lambda m: with_links((ROOT / m[1]).read_text(encoding="utf-8"), posixpath.dirname(m[1]), docname), text
    ), files


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
