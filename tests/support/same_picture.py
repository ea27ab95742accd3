"""Whether two texts of a picture are the same, up to what another CPU rounds otherwise."""

import re

import pytest

NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")
COLOUR = re.compile(r"#[0-9a-f]{6}\b")


def differs(drawn, kept):
    """(drawn, kept) of what is not the same, apart from the prefix of ids and the last digits of numbers and colours."""
    plain = [re.sub(r"\bg[0-9a-f]{8}\b", "id", text) for text in (drawn, kept)]
    colours = zip(*(COLOUR.findall(text) for text in plain), strict=False)
    plain = [COLOUR.sub("colour", text) for text in plain]
    words = [NUMBER.sub("n", text).splitlines() for text in plain]
    numbers = zip(*(map(float, NUMBER.findall(text)) for text in plain), strict=False)
    found = [(new, old) for new, old in zip(*words, strict=False) if new != old]
    found += [(new, old) for new, old in numbers if new != pytest.approx(old, rel=0.02, abs=0.5)]
    found += [
        (new, old) for new, old in colours if any(abs(int(new[k : k + 2], 16) - int(old[k : k + 2], 16)) > 3 for k in (1, 3, 5))
    ]
    return found + ([("lines", [len(text) for text in words])] if len(words[0]) != len(words[1]) else [])
