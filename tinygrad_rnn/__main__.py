"""`python -m tinygrad_rnn`: the commands of this package."""

import sys

from .commands import main

if __name__ == "__main__":
    sys.exit(main())
