"""One neuron: each box has its value and, after ∂, the derivative of the result. Read those from right to left: backpropagation."""

import tinygrad_rnn as tg


def picture():
    x = [tg.Tensor(value, name=name) for value, name in ((2.0, "x₁"), (-1.0, "x₂"))]
    w = [tg.Tensor(value, requires_grad=True, name=name) for value, name in ((0.5, "w₁"), (1.5, "w₂"))]
    b = tg.Tensor(0.3, requires_grad=True, name="b")
    return tg.draw(tg.tanh(x[0] * w[0] + x[1] * w[1] + b), title="One neuron: tanh(x₁ w₁ + x₂ w₂ + b)")
