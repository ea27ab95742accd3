"""What torch.func gives for the Jacobians of our cells, kept in torch_probe.json so that the tests run without PyTorch.

    python tests/reference/torch_probe.py      writes that file anew; needs torch

The cells, weights and inputs are those of torch_values.py, in its largest cases. A state is all its parts side by side: h, or (h, c).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch_values

FILE = Path(__file__).with_suffix(".json")
CASES = [case for case in torch_values.CASES if case[1:] == (3, 5, 7)]
START = 3  # the far Jacobian leads from the state after this step to the last one


def jacobian_values(case: torch_values.Case) -> dict[str, np.ndarray]:
    """`far` = ds_7/ds_3 and `step` = ds_4/ds_3 (batch, n, n), and `input` = dh_7/dx_4 (batch, hidden, inputs)."""
    import torch

    given, _ = torch_values.inputs(case)
    leaf = {name: torch.tensor(value) for name, value in given.items()}
    step, parts = torch_values._torch_step(case, leaf), 2 if "c0" in leaf else 1

    def run(joint: Any, xs: Any) -> Any:
        state = joint.split(case.hidden, 1)
        for t in range(xs.shape[1]):
            state = step(xs[:, t], state)
        return torch.cat(state[:parts], 1)

    def own(whole: Any) -> np.ndarray:
        """Of (batch, n, batch, m) each sequence's own block; no sequence reads another."""
        blocks = torch.stack([whole[b, :, b] for b in range(case.batch)])
        assert torch.equal(whole.abs().sum(), blocks.abs().sum()) or torch.isclose(whole.abs().sum(), blocks.abs().sum())
        return blocks.numpy()

    xs = leaf["x"]
    middle = run(torch.cat([leaf["h0"], leaf["c0"]] if parts == 2 else [leaf["h0"]], 1), xs[:, :START])
    jacrev = torch.func.jacrev

    def last_h(x: Any) -> Any:
        return run(middle, torch.cat([x[:, None], xs[:, START + 1 :]], 1))[:, : case.hidden]

    return {
        "far": own(jacrev(run)(middle, xs[:, START:])),
        "step": own(jacrev(run)(middle, xs[:, START : START + 1])),
        "input": own(jacrev(last_h)(xs[:, START])),
    }


def stored() -> dict[str, Any]:
    """The file: the versions it was made with, and `jacobians` by the kind of cell."""
    values: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return values


def main() -> None:
    import torch

    rows = [
        f"{json.dumps(case.kind)}: {json.dumps(jacobian_values(case), default=lambda a: np.round(a, 14).tolist())}"
        for case in CASES
    ]
    versions = json.dumps({"numpy": np.__version__, "torch": torch.__version__})
    text = '{"versions": ' + versions + ',\n"jacobians": {\n' + ",\n".join(rows) + "\n}}\n"
    FILE.write_text(text, encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB, {len(CASES)} cells")


if __name__ == "__main__":
    main()
