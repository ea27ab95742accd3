"""Forward and backward by hand in NumPy: what an engine on NumPy can hope to reach, and the reference for all gradients.

Every buffer and every view of a step is made once. The projection of the input, the weight gradients and the slopes that do
not depend on the recurrence are computed for all steps at once. sigmoid(x) = (1 + tanh(x/2)) / 2, with the half folded into
the weights, so that one tanh serves all gates of a step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..workloads import DECAY, GATES, Workload
from . import Step

add, dot, mul, sub, tanh = np.add, np.matmul, np.multiply, np.subtract, np.tanh
Array = np.ndarray


def build(work: Workload, variant: str) -> Step:
    return {"rnn": rnn, "lstm": lstm, "gru": gru, "mlp": mlp}[work.kind](work)


class Buffers:
    """What the recurrent models share: arrays over all steps, and the loss on top of them."""

    def __init__(self, work: Workload) -> None:
        T, B, I, H, self.dtype = work.T, work.B, work.I, work.H, work.dtype
        rows, wide = T * B, GATES[work.kind] * H
        self.x = work.x.reshape(rows, I)
        self.a = self.empty(T, B, wide)  # before the nonlinearity, then after it, then its gradient
        self.h = self.empty(T + 1, B, H)  # h[t] is the state before step t
        self.h[0] = 0
        self.dh = self.empty(T, B, H)  # from the loss
        self.back = self.empty(B, H)  # from the next step
        self.a_rows = self.a.reshape(rows, wide)
        self.before, self.after = self.h[:-1].reshape(rows, H), self.h[1:].reshape(rows, H)
        self.dw_ih, self.dw_hh, self.ones = self.empty(wide, I), self.empty(wide, H), np.ones(rows, work.dtype)
        self.loss = cross_entropy(work, self) if work.V else squared_error(work, self)

    def empty(self, *shape: int) -> Array:
        return np.empty(shape, self.dtype)

    def weight_gradients(self, da: Array, da_recurrent: Array) -> dict[str, Array]:
        """One product each over the whole sequence."""
        dot(da.T, self.x, out=self.dw_ih)
        dot(da_recurrent.T, self.before, out=self.dw_hh)
        b_ih = self.ones @ da
        b_hh = b_ih if da_recurrent is da else self.ones @ da_recurrent
        return {"w_ih": self.dw_ih, "w_hh": self.dw_hh, "b_ih": b_ih, "b_hh": b_hh}


def squared_error(work: Workload, s: Buffers) -> Callable[[], tuple[float, dict[str, Array]]]:
    d, scale = s.empty(work.T, work.B, work.H), 1.0 / work.y.size

    def loss():
        sub(s.h[1:], work.y, out=d)
        mul(d, 2.0 * scale, out=s.dh)
        return float(np.vdot(d, d)) * scale, {}

    return loss


def cross_entropy(work: Workload, s: Buffers) -> Callable[[], tuple[float, dict[str, Array]]]:
    w, rows = work.weights, work.T * work.B
    row, target = np.arange(rows), work.y.reshape(rows, work.V).argmax(1)
    z, dw, dh = s.empty(rows, work.V), s.empty(work.V, work.H), s.dh.reshape(rows, work.H)

    def loss():
        dot(s.after, w["w_out"].T, out=z)
        add(z, w["b_out"], out=z)
        sub(z, z.max(1, keepdims=True), out=z)
        picked = z[row, target].sum()
        np.exp(z, out=z)
        total = z.sum(1, keepdims=True)
        np.divide(z, total, out=z)
        z[row, target] -= 1.0
        dot(z.T, s.after, out=dw)
        dot(z, w["w_out"], out=dh)
        return float(np.log(total).sum() - picked), {"w_out": dw, "b_out": z.sum(0)}

    return loss


def columns(a: Array, width: int) -> Any:
    """For every step a tuple of views, `width` columns each: the gates."""
    return zip(*[a[:, :, k : k + width] for k in range(0, a.shape[2], width)], strict=True)


def rnn(work: Workload) -> Step:
    w, s = work.weights, Buffers(work)
    slope, turned = np.empty_like(s.a), np.empty_like(s.dw_hh)
    forward = list(zip(s.h, s.h[1:], s.a, strict=False))
    backward = list(zip(s.dh, slope, s.a, strict=True))[::-1]

    def step():
        dot(s.x, w["w_ih"].T, out=s.a_rows)
        add(s.a_rows, w["b_ih"] + w["b_hh"], out=s.a_rows)
        turned[...] = w["w_hh"].T
        for before, h, a in forward:
            dot(before, turned, out=h)
            add(h, a, out=h)
            tanh(h, out=h)
        loss, head = s.loss()
        mul(s.h[1:], s.h[1:], out=slope)
        sub(1.0, slope, out=slope)
        s.back[...] = 0.0
        for dh, slope_t, da in backward:
            add(dh, s.back, out=dh)
            mul(dh, slope_t, out=da)
            dot(da, w["w_hh"], out=s.back)
        return loss, s.weight_gradients(s.a_rows, s.a_rows) | head

    return step


def lstm(work: Workload) -> Step:
    T, B, H = work.T, work.B, work.H
    w, s = work.weights, Buffers(work)
    half = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], work.dtype), H)  # g is a tanh already
    shift = np.repeat(np.array([0.5, 0.5, 0.0, 0.5], work.dtype), H)
    c, tanh_c, turned = s.empty(T + 1, B, H), s.empty(T, B, H), s.empty(H, 4 * H)
    c[0] = 0
    wide, d_gates, dc, u, g_slope = s.empty(B, 4 * H), s.empty(B, 4 * H), s.empty(B, H), s.empty(B, H), s.empty(B, H)
    d_i, d_f, d_g, d_o = np.split(d_gates, 4, axis=1)
    forward = list(zip(s.h, s.h[1:], s.a, columns(s.a, H), c, c[1:], tanh_c, strict=False))
    backward = list(zip(s.dh, s.a, columns(s.a, H), c, tanh_c, strict=False))[::-1]

    def step():
        dot(s.x, (w["w_ih"] * half[:, None]).T, out=s.a_rows)
        add(s.a_rows, (w["b_ih"] + w["b_hh"]) * half, out=s.a_rows)
        mul(w["w_hh"].T, half, out=turned)
        for before, h, a, (i, f, g, o), c_before, c_t, tanh_c_t in forward:
            dot(before, turned, out=wide)
            add(a, wide, out=a)
            tanh(a, out=a)
            mul(a, half, out=a)
            add(a, shift, out=a)
            mul(f, c_before, out=c_t)
            mul(i, g, out=u)
            add(c_t, u, out=c_t)
            tanh(c_t, out=tanh_c_t)
            mul(o, tanh_c_t, out=h)
        loss, head = s.loss()
        dc[...] = 0.0
        s.back[...] = 0.0
        for dh, a, (i, f, g, o), c_before, tanh_c_t in backward:
            add(dh, s.back, out=dh)
            mul(dh, tanh_c_t, out=d_o)
            mul(tanh_c_t, tanh_c_t, out=u)  # dc += dh o (1 - tanh(c)²)
            sub(1.0, u, out=u)
            mul(u, o, out=u)
            mul(u, dh, out=u)
            add(dc, u, out=dc)
            mul(dc, g, out=d_i)
            mul(dc, c_before, out=d_f)
            mul(dc, i, out=d_g)
            mul(dc, f, out=dc)
            mul(g, g, out=g_slope)  # 1 - g² is set aside while the other gates turn into y - y²
            sub(1.0, g_slope, out=g_slope)
            mul(a, a, out=wide)
            sub(a, wide, out=a)
            g[...] = g_slope
            mul(a, d_gates, out=a)
            dot(a, w["w_hh"], out=s.back)
        return loss, s.weight_gradients(s.a_rows, s.a_rows) | head

    return step


def gru(work: Workload) -> Step:
    T, B, H = work.T, work.B, work.H
    w, s = work.weights, Buffers(work)
    half = np.repeat(np.array([0.5, 0.5, 1.0], work.dtype), H)  # n is a tanh already
    turned, recurrent = s.empty(H, 3 * H), s.empty(T, B, 3 * H)  # recurrent: h Wh + b, then its gradient
    u, v, through, rz_slope = s.empty(B, H), s.empty(B, H), s.empty(B, H), s.empty(B, 2 * H)
    rz, recurrent_rz = s.a[:, :, : 2 * H], recurrent[:, :, : 2 * H]
    steps = zip(s.h, s.h[1:], s.dh, recurrent, rz, recurrent_rz, columns(s.a, H), columns(recurrent, H), strict=False)
    forward = list(steps)
    backward = forward[::-1]

    def step():
        dot(s.x, (w["w_ih"] * half[:, None]).T, out=s.a_rows)
        add(s.a_rows, w["b_ih"] * half, out=s.a_rows)
        mul(w["w_hh"].T, half, out=turned)
        bias = w["b_hh"] * half
        for before, h, _, rec, rz_t, rec_rz, (r, z, n), (_, _, rec_n) in forward:
            dot(before, turned, out=rec)
            add(rec, bias, out=rec)
            add(rz_t, rec_rz, out=rz_t)
            tanh(rz_t, out=rz_t)
            mul(rz_t, 0.5, out=rz_t)
            add(rz_t, 0.5, out=rz_t)
            mul(r, rec_n, out=u)
            add(n, u, out=n)
            tanh(n, out=n)
            sub(before, n, out=h)  # h' = n + z (h - n)
            mul(h, z, out=h)
            add(h, n, out=h)
        loss, head = s.loss()
        s.back[...] = 0.0
        through[...] = 0.0
        for before, _, dh, rec, rz_t, rec_rz, (r, z, n), (d_r, d_z, rec_n) in backward:
            add(dh, s.back, out=dh)
            add(dh, through, out=dh)
            mul(dh, z, out=through)
            sub(dh, through, out=u)  # gradient before n's tanh: dh (1 - z) (1 - n²)
            mul(n, n, out=v)
            sub(1.0, v, out=v)
            mul(u, v, out=u)
            sub(before, n, out=v)
            mul(v, dh, out=d_z)
            mul(u, rec_n, out=d_r)
            mul(rz_t, rz_t, out=rz_slope)
            sub(rz_t, rz_slope, out=rz_slope)
            mul(u, r, out=rec_n)
            mul(rec_rz, rz_slope, out=rz_t)
            rec_rz[...] = rz_t
            n[...] = u
            dot(rec, w["w_hh"], out=s.back)
        return loss, s.weight_gradients(s.a_rows, recurrent.reshape(T * B, 3 * H)) | head

    return step


def mlp(work: Workload) -> Step:
    w, x, y, last = work.weights, work.x, work.y, len(work.sizes) - 2
    minus_mean = np.array(-1.0 / work.B, work.dtype)

    def step():
        inputs = [x]
        for k in range(last + 1):
            out = inputs[k] @ w[f"w{k}"].T
            out += w[f"b{k}"]
            inputs.append(np.maximum(out, 0.0, out=out) if k < last else out)
        margin = 1.0 - y * inputs[-1]
        wrong = margin > 0
        loss = float(margin[wrong].sum()) / work.B + DECAY * sum(float(np.vdot(v, v)) for v in w.values())
        d, gradients = y * wrong * minus_mean, {}
        for k in range(last, -1, -1):
            gradients[f"w{k}"] = d.T @ inputs[k] + 2 * DECAY * w[f"w{k}"]
            gradients[f"b{k}"] = d.sum(0) + 2 * DECAY * w[f"b{k}"]
            if k:
                d = d @ w[f"w{k}"]
                d *= inputs[k] > 0
        return loss, gradients

    return step
