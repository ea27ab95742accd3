"""JAX on the CPU: the common cells as the body of `lax.scan`, loss and gradients compiled by `jit`."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from ..cells import STEPS, mlp_loss, sequence_loss
from ..workloads import Workload
from . import Step


class F:
    tanh, stack, sum, reshape, transpose = jnp.tanh, jnp.stack, jnp.sum, jnp.reshape, jnp.transpose
    sigmoid, relu, log_softmax = jax.nn.sigmoid, jax.nn.relu, jax.nn.log_softmax
    split = staticmethod(lambda x, n: jnp.split(x, n, axis=-1))


def scanned_loss(work: Workload, w: dict[str, Any], x: Any, y: Any) -> Any:
    """The loss of a sequence, its steps in one loop."""
    turned = {**w, "w_ih": F.transpose(w["w_ih"]), "w_hh": F.transpose(w["w_hh"])}
    zeros = jnp.zeros((work.B, work.H), x.dtype)

    def one(state, x_t):
        state = STEPS[work.kind](F, turned, x_t, state)
        return state, state[0] if work.kind == "lstm" else state

    _, hs = jax.lax.scan(one, (zeros, zeros) if work.kind == "lstm" else zeros, x)
    return sequence_loss(F, work, w, hs, y)


def build(work: Workload, variant: str) -> Step:
    jax.config.update("jax_enable_x64", work.dtype == "float64")
    w = {name: jnp.asarray(value) for name, value in work.weights.items()}
    x, y = jnp.asarray(work.x), jnp.asarray(work.y)
    loss_of = partial(mlp_loss, F, work) if work.kind == "mlp" else partial(scanned_loss, work)
    run = jax.jit(jax.value_and_grad(loss_of))

    def step():
        loss, gradients = jax.block_until_ready(run(w, x, y))
        return float(loss), gradients

    return step
