"""Formats of pictures that other packages bring: whatever is installed and says so in its entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from ...errors import DataError

__all__ = ["installed_formats", "written"]

GROUP = "tinygrad_rnn.formats"


def installed_formats(beside: tuple[str, ...]) -> dict[str, EntryPoint]:
    """{suffix: entry point} of the group `tinygrad_rnn.formats`, `beside` the suffixes that the package writes itself.

    The name of an entry point is the suffix without its dot.
    """
    found = {f".{point.name.lower()}": point for point in entry_points(group=GROUP)}
    return {suffix: point for suffix, point in found.items() if suffix not in beside}


def written(point: EntryPoint, drawing: Any) -> bytes:
    """What the format makes of a drawing. Raises `DataError` if it cannot be loaded, or gives anything but bytes or text."""
    try:
        found = point.load()(drawing)
    except (ImportError, AttributeError) as error:
        raise DataError(
            f"the format .{point.name} cannot be loaded from {point.value}: {error}",
            hint=f"mend or remove the package that brings it ({point.dist.name if point.dist else 'unknown'})",
        ) from error
    if isinstance(found, str):
        return found.encode()
    if not isinstance(found, bytes):
        raise DataError(
            f"the format .{point.name} of {point.value} gave a {type(found).__name__}",
            hint="it is a function from a drawing to bytes",
        )
    return found
