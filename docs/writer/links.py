"""Dead links inside the site: files and anchors that a page leads to and that are not there."""

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page leads to, and the places in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places = [], {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.links += [given[key] for key in ("href", "src") if given.get(key)]
        self.places |= {given[key] for key in ("id", "name") if given.get(key)}


def dead(folder):
    """Sentences on the links of all pages in a folder that lead nowhere; what is elsewhere (http, mail) is not looked at."""
    folder = Path(folder).resolve()

    @cache
    def page(path):
        return Page(path.read_text(encoding="utf-8"))

    found = []
    for path in sorted(folder.rglob("*.html")):
        if "_static" in path.relative_to(folder).parts:
            continue
        for link in sorted({*page(path).links}):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            where = path.relative_to(folder).as_posix()
            if not target.is_relative_to(folder) or not target.is_file():
                found.append(f"{where} leads to {parts.path}, which is not there")
            elif target.suffix == ".html" and parts.fragment and unquote(parts.fragment) not in page(target).places:
                found.append(f"{where} leads to {link}, and there is no such place on that page")
    return found
