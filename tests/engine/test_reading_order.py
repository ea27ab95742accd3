"""The engine can be read from its first file to its last."""

import re

import doors

SOURCES = doors.sources()


def test_no_file_needs_one_that_is_read_later():
    order = re.search(r"comes later: (.*?)\.$", SOURCES["engine"], re.DOTALL | re.MULTILINE)[1]
    names = [f"engine.{name.replace('/', '.')}" for name in re.split(r",\s+", order)]
    assert sorted(names) == sorted(name for name in SOURCES if name.startswith("engine.") and name not in doors.faces(SOURCES))
    for k, name in enumerate(names):
        taken = {i.target for i in doors.imports(name, SOURCES) if not i.types and i.target.startswith("engine.")}
        assert taken <= {*names[:k]}, name
