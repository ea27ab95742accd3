"""What any room may use and what knows no tensor: checks, whole files, Ctrl-C, the terminal.

Here: things that would be the same in a project without tensors; the programs beside the package use them too. Not here: anything
that imports a room (only `errors`).
"""

from .versions import __version__  # first: an older Python reads no further

# isort: split
from .early_interrupt import started  # before all that takes time

# isort: split
from .array_type import Array, Index
from .atomic_files import target_of, write
from .checks import check_flags, is_number, is_whole
from .glyphs import cut
from .invocation import Parser, discard_output, install, near, note, typed
from .operating_system import at_a_terminal, first_interrupt, time_limit
from .terminal import Progress, Terminal

__all__ = [
    "Array", "Index", "Parser", "Progress", "Terminal", "__version__", "at_a_terminal", "check_flags", "cut",
    "discard_output", "first_interrupt", "install", "is_number", "is_whole", "near", "note", "started", "target_of", "time_limit",
    "typed", "write",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
