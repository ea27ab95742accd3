"""Instruments for a recorded loss, or its snapshot: arrays in, arrays out, nothing drawn.

Here: what is measured on a graph. Not here: pictures of it (`plots`, `viz`), and anything that has to be switched on before.

Where does the gradient go, step by step (`gradient_by_step`, `contributions`, `half_life`); what does one step do to it
(`step_jacobians`, `jacobian`, `bound`); who reads whom (`connectivity`); what is lost where it is cut (`truncation`); what do the
gates do (`gates`); what does the graph keep (`activation_memory`); what is in a model, part by part (`summary`). Of a net of several
layers or directions each takes `layer=`, `direction=` or `scope=`. Frames and names tell what is what, so cells of your own have all
of it.
"""

from .activation_bytes import ActivationMemory, activation_memory
from .connectivity_matrix import connectivity
from .gate_values import Gate, gates
from .gradients import contributions, gradient_by_step, half_life
from .jacobian_bound import Bound, bound
from .jacobians import jacobian, singular_values, spectral_radius, step_jacobians
from .loss_landscape import Landscape, landscape
from .model_summary import Summary, SummaryRow, summary
from .truncated_bptt import Truncation, truncation
from .vanishing_penalty import vanishing_regularizer

__all__ = [
    "ActivationMemory", "Bound", "Gate", "Landscape", "Summary", "SummaryRow", "Truncation", "activation_memory", "bound",
    "connectivity", "contributions", "gates", "gradient_by_step", "half_life", "jacobian", "landscape", "singular_values",
    "spectral_radius", "step_jacobians", "summary", "truncation", "vanishing_regularizer",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
