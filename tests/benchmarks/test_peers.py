"""Every implementation that is measured computes the loss and the gradients of every workload; what is not installed is skipped."""

import importlib

import numpy as np
import pytest

harness = importlib.import_module("benchmarks.harness")
PEERS, WORKLOADS = harness.PEERS, harness.WORKLOADS


def built(name, workload, dtype, T=5):
    peer, work = PEERS[name], WORKLOADS[workload].filled(dtype, T=T)
    if not peer.installed:
        pytest.skip(f"{peer.package} is not installed")
    return peer.build(work), work


@pytest.mark.parametrize(
    ("name", "workload"), [(name, w) for name in PEERS for w in WORKLOADS if WORKLOADS[w].kind in PEERS[name].kinds]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_peer_computes_what_hand_written_numpy_computes(name, workload, dtype):
    step, work = built(name, workload, dtype)
    expected = harness.reference(work)
    for _ in range(2):  # nothing is left from the step before
        loss, gradients = step()
        assert isinstance(loss, float)
        assert harness.worst_error((loss, gradients), expected) < harness.TOLERANCE[dtype]
    for g in gradients.values():
        assert str(g.dtype).endswith(dtype)  # of PyTorch: torch.float32


@pytest.mark.parametrize("workload", WORKLOADS)
def test_hand_written_numpy_has_the_slope_of_its_loss(workload):
    """Along the gradient of each weight the loss rises by the square of that gradient."""
    step, work = built("numpy", workload, "float64")
    _, gradients = step()
    gradients = {name: np.array(g) for name, g in gradients.items()}
    assert gradients.keys() == work.weights.keys()
    for name, g in gradients.items():
        weight, way = work.weights[name], g / np.linalg.norm(g)
        losses = []
        for shift in (1e-6, -2e-6):
            weight += shift * way
            losses.append(step()[0])
        weight += 1e-6 * way
        np.testing.assert_allclose((losses[0] - losses[1]) / 2e-6, np.linalg.norm(g), rtol=1e-5)


def test_a_wrong_peer_is_left_out_and_says_why(monkeypatch):
    def build(work, variant):
        step = PEERS["numpy"].build(work)

        def wrong():
            loss, gradients = step()
            return loss, {**gradients, "b_hh": gradients["b_hh"] * 1.01}

        return wrong

    monkeypatch.setattr("benchmarks.peers.ours.build", build)
    work = WORKLOADS["W2"].filled("float32", T=3)
    steps, timing = harness.agreeing(work, ["numpy", "ours"])
    assert list(steps) == ["numpy"]
    assert timing.refused["ours"] == "differs from the reference by 1.0e-02, allowed is 2e-04"
