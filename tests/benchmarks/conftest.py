"""`benchmarks/` stands beside the package, in the checkout."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
