"""A guess as people type it, read as a number."""

import math
import re

NUMBER = re.compile(r"([-+]?)(\d[\d,]*\.?\d*|\.\d+)(e[-+]?\d+)?\s*(%?)", re.IGNORECASE)


def number_in(line):
    """The one number that a line names, or None: 20, "about 1e-3", 1,000, 0,5 (a comma may be a point), 50%."""
    found = NUMBER.findall(line)
    if len(found) != 1:
        return None
    sign, digits, power, percent = found[0]
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d*)?", digits):
        digits = digits.replace(",", "")
    try:
        number = float(sign + digits.replace(",", ".") + power) / (100 if percent else 1)
    except ValueError:  # 1,2,3
        return None
    return number if math.isfinite(number) else None
