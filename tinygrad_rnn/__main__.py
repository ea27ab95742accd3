"""`python -m tinygrad_rnn`: the commands of this package."""

import sys

from .commands import main
from .shared.early_interrupt import started

if __name__ == "__main__":
    started()
    sys.exit(main())
