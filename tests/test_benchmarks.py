"""The benchmarks: what is compared computes the same, and the scripts run."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from measuring.authors_loop import AuthorsLoop

from trilateration import training

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@torch.no_grad()
def copy_weights(loop, architecture, ensemble, encoders):
    """Give the authors' loop the weights of the first network of an ensemble."""
    weights = {name: w[0] for name, w in ensemble.named_parameters()}
    for k, layer in enumerate(loop.encoder[::2]):
        layer.weight.copy_(getattr(encoders, f"weight_{k}")[0].T)
        layer.bias.copy_(getattr(encoders, f"bias_{k}")[0])
    # The fixation channel comes first in the loop.
    inputs = [weights["input.weight"]]
    if "input.fixation" in weights:
        inputs.insert(0, weights["input.fixation"][None])
    inputs, bias = torch.cat(inputs).T, weights["input.bias"]
    second, core = weights.get("input.second_bias"), loop.core
    if architecture == "rnn":
        targets = {core.from_input: (inputs, bias)}
        targets[core.recurrent] = (weights["core.recurrent"].T, second)
    elif architecture == "lstm":
        # Here the candidate is the last of the gates, in torch the third.
        order = torch.arange(256).view(4, 64)[[0, 1, 3, 2]].flatten()
        core.lstm.weight_ih_l0.copy_(inputs[order])
        core.lstm.weight_hh_l0.copy_(weights["core.recurrent"].T[order])
        core.lstm.bias_ih_l0.copy_(bias[order])
        core.lstm.bias_hh_l0.copy_(second[order])
        targets = {}
    else:
        targets = {core.project: (inputs, bias)}
        for name in ("attend", "mix", "widen", "narrow"):
            own = weights[f"core.{name}_0"], weights[f"core.{name}_bias_0"]
            targets[getattr(core, name)] = (own[0].T, own[1])
        for norm, name in ((core.first_norm, "first"), (core.second_norm, "second")):
            targets[norm] = (weights[f"core.{name}_scale_0"], weights[f"core.{name}_shift_0"])
        targets[core.last_norm] = (weights["core.last_scale"], weights["core.last_shift"])
    targets[loop.heads[0]] = (
        weights["heads.weight"].T,
        weights["heads.bias"][: ensemble.n_tasks[0]],
    )
    for module, (weight, bias) in targets.items():
        module.weight.copy_(weight)
        module.bias.copy_(bias)


@pytest.mark.parametrize("lean", [False, True])
@pytest.mark.parametrize("architecture", ["rnn", "lstm", "transformer"])
def test_the_loop_and_the_ensemble_are_the_same_networks(architecture, lean):
    ensemble, worlds = training.untrained([training.Configuration(architecture, 5, seed=3)])
    with torch.no_grad():  # a transformer starts so near zero that any two would agree
        for weights in ensemble.parameters():
            weights.add_(0.1 * torch.randn_like(weights))
    loop = AuthorsLoop(architecture, 5, lean=lean)
    copy_weights(loop, architecture, ensemble, worlds.encoders)
    loop.core.eval()
    observations, targets = loop.trials.batch()
    stimulus = worlds.observe(observations[None, :, :, 1:].transpose(1, 2).contiguous())
    readouts = ensemble.heads(ensemble.states(stimulus, worlds.protocol.cue_steps))
    reports = ensemble.heads.link.reports(readouts)[0].transpose(0, 1)
    torch.testing.assert_close(loop.reports(observations), reports, rtol=1e-4, atol=1e-5)

    # Asked the same, they answer with the same gradient.
    loop.criterion(loop.reports(observations), targets).backward()
    loss = ensemble.heads.link.loss(readouts[0].transpose(0, 1), targets).mean()
    loss.backward()
    gradient = ensemble.heads.weight.grad[0].T
    torch.testing.assert_close(loop.heads[0].weight.grad, gradient, rtol=1e-3, atol=1e-6)


def test_the_loop_draws_the_trials_of_the_protocol():
    loop = AuthorsLoop("rnn", 6)
    observations, targets = (x.numpy() for x in loop.trials.batch())
    assert observations.shape == (16, 22, 3)
    assert (observations[:, :21, 0] == 1).all()
    assert (observations[:, 21] == 0).all()
    assert (observations[:, 0, 1:] == 0).all()
    assert (targets[:, :21] == 0.5).all()
    assert set(np.unique(targets[:, 21])) == {0.0, 1.0}
    # The mean of 20 samples at σ = 0.2 tells most labels.
    means = observations[:, 1:21, 1:].mean(1)
    agree = (means @ loop.trials.normals.T > 0) == (targets[:, 21] == 1)
    assert agree.mean() > 0.85
    noise = observations[:, 1:21, 1:] - means[:, None]
    assert noise.std(ddof=0) == pytest.approx(0.2 * np.sqrt(19 / 20), rel=0.1)


@pytest.mark.parametrize("architecture", ["rnn", "lstm", "transformer"])
def test_the_loop_learns(architecture):
    loop = AuthorsLoop(architecture, 3, seed=1)
    losses = []
    for _ in range(150):
        before = loop.total_loss
        loop.step()
        losses.append(loop.total_loss - before)
    assert np.mean(losses[-20:]) < losses[0]
    assert losses[-1] > 0.5  # 21 of 22 steps can do no better than log 2


def run(script, *arguments):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, BENCHMARKS / script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_training_benchmark_runs(tmp_path):
    printed = run("training.py", "--quick", "--device", "cpu", "--results", tmp_path)
    assert "no GPU is used" in printed
    record = json.loads((tmp_path / "training.json").read_text())
    table = pd.DataFrame(record["table"])
    programs = set(zip(table["architecture"], table["program"], table["precision"], strict=True))
    for architecture in ("rnn", "lstm", "transformer"):
        assert {
            (architecture, "authors", "float32"),
            (architecture, "ensemble", "float32"),
            (architecture, "ensemble", "bfloat16"),
        } <= programs
    assert (table["wall ratio min"] <= table["wall ratio"]).all()
    assert (table["wall ratio"] <= table["wall ratio max"]).all()
    costs = pd.read_csv(tmp_path / "training_costs.csv")
    assert set(costs["quantity"]) == {"networks", "n_tasks", "dimension", "stimulus_steps"}
    assert (costs["wall_ms"] > 0).all()
    assert (tmp_path / "training.svg").read_text().lstrip().startswith("<?xml")


def test_the_time_to_a_result_is_measured(tmp_path):
    run("time_to_result.py", "--quick", "--results", tmp_path)
    record = json.loads((tmp_path / "time_to_result.json").read_text())
    table = pd.DataFrame(record["table"])
    assert table["tasks"].tolist() == [2, 24]
    assert np.isfinite(table["median r2"]).all()
    ratio = np.median(record["authors CPU s a network"]) / table["CPU s a network"]
    np.testing.assert_allclose(table["times less CPU"], ratio, rtol=1e-6)


def test_the_costs_are_measured_beside_the_work(tmp_path):
    run("costs.py", "--quick", "--table", tmp_path / "costs.parquet")
    table = pd.read_parquet(tmp_path / "costs.parquet")
    assert set(zip(table["set"], table["kind"], strict=True)) == {
        ("fit", "training"),
        ("held-out", "training"),
        ("fit", "inference"),
    }
    assert (table["seconds"] > 0).all()
    assert (table["seconds"] <= table["median"]).all()
    assert table["system"].between(0, 1).all()
    assert {"flops", "calls", "draws"} <= set(table.columns)
    assert {"command", "commit", "machine", "calibration"} <= set(table.attrs)


def test_no_held_out_size_of_the_costs_is_a_size_of_the_fit():
    spec = importlib.util.spec_from_file_location("costs_benchmark", BENCHMARKS / "costs.py")
    costs = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = costs
    spec.loader.exec_module(costs)
    fit = costs.GRIDS["fit"]
    for name, values in costs.GRIDS["held-out"].items():
        new = set(values) - set(fit[name])
        assert new if name == "batch" else new == set(values), name
    for name, values in costs.LINES.items():
        assert set(values) - {1} <= set(range(10**6)) - set(fit[name]), name


def test_a_descent_takes_the_steps_that_training_takes():
    protocol = training.protocol("fast", steps=3, batch=2)
    configurations = [training.Configuration(n_tasks=2, n_units=4, protocol=protocol)]
    assert list(training.descent(configurations, device="cpu")) == [1, 2, 3]
