"""A stand-in for the authors' training loop, written from its description: one network at a time.

What makes their loop slow is kept: trials are built one by one, period by period, in NumPy; all 22
steps go through the frozen encoder, fixation and decision too; the rate network is a Python loop
over time that also draws network noise of size zero and a readout nobody uses; probabilities and
their loss are separate modules; Adam is the one that torch gives by default; the loss is read at
every step. ``lean=True`` leaves out what has no effect on the result, the noise and the readout.
"""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

ENCODER = (100, 100, 40)
BATCH = 16


class Trial:
    """One trial: named periods, and arrays of observations and targets filled by period."""

    def __init__(self, durations, n_channels, n_tasks):
        self.start, self.stop, now = {}, {}, 0
        for period, duration in durations.items():
            self.start[period], now = now, now + int(duration)
            self.stop[period] = now
        self.observations = np.zeros((now, n_channels), np.float32)
        self.targets = np.zeros((now, n_tasks), np.float32)

    def add(self, value, period, channels):
        """Add a value to some channels of the observations in one period."""
        self.observations[self.start[period] : self.stop[period], channels] += value

    def add_noise(self, sigma, period, channels, rng):
        """Add Gaussian noise to some channels in one period."""
        view = self.observations[self.start[period] : self.stop[period]]
        view[:, channels] += sigma * rng.standard_normal(view[:, channels].shape)

    def set_target(self, value, period):
        """Set the targets in one period."""
        self.targets[self.start[period] : self.stop[period]] = value


class TrialMaker:
    """Makes trials of one world: a point in the box, seen through noise, and its labels.

    Parameters
    ----------
    normals
        Unit normals of the boundaries, through the origin, ``(task, dimension)``.
    sigma
        Noise a step, in latent units.
    stimulus_steps
        Number of steps with evidence.
    rng
        Source of all randomness.
    """

    def __init__(self, normals, sigma, stimulus_steps, rng):
        self.normals, self.sigma, self.rng = normals, sigma, rng
        self.durations = {"fixation": 1, "stimulus": stimulus_steps, "delay": 0, "decision": 1}
        self.stimulus = list(range(1, 1 + normals.shape[1]))

    def trial(self):
        """Return a new trial."""
        n_tasks, dimension = self.normals.shape
        trial = Trial(self.durations, 1 + dimension, n_tasks)
        point = self.rng.uniform(-0.5, 0.5, dimension)
        for period in ("fixation", "stimulus", "delay"):
            trial.add(1.0, period, 0)
            trial.set_target(0.5, period)
        trial.add(point, "stimulus", self.stimulus)
        trial.add_noise(self.sigma, "stimulus", self.stimulus, self.rng)
        trial.set_target(self.normals @ point > 0, "decision")
        return trial

    def batch(self):
        """Return observations and targets of 16 trials, ``(trial, time, channel)``."""
        steps = sum(self.durations.values())
        observations = np.zeros((BATCH, steps, 1 + len(self.stimulus)), np.float32)
        targets = np.zeros((BATCH, steps, len(self.normals)), np.float32)
        for index in range(BATCH):
            trial = self.trial()
            observations[index] = trial.observations
            targets[index] = trial.targets
        return torch.from_numpy(observations), torch.from_numpy(targets)


class RateLoop(nn.Module):
    """The authors' rate network, one step of time after the other."""

    def __init__(self, n_inputs, n_units, n_tasks, lean=False):
        super().__init__()
        self.from_input = nn.Linear(n_inputs, n_units)
        self.recurrent = nn.Linear(n_units, n_units)
        self.unused_readout = nn.Linear(n_units, n_tasks)
        self.n_units, self.alpha, self.noise, self.lean = n_units, 1.0, 0.0, lean

    def forward(self, inputs):
        """Return the states at all steps, ``(trial, time, unit)``."""
        state = torch.zeros(len(inputs), self.n_units, device=inputs.device)
        states, unused = [], []
        for step in range(inputs.shape[1]):
            drive = self.from_input(inputs[:, step]) + self.recurrent(state)
            if not self.lean:
                drive = drive + self.noise * torch.randn(self.n_units, device=inputs.device)
            state = (1 - self.alpha) * state + self.alpha * torch.relu(drive)
            states.append(state)
            if not self.lean:
                unused.append(self.unused_readout(state))
        if not self.lean:
            torch.stack(unused, dim=1)
        return torch.stack(states, dim=1)


class LSTM(nn.Module):
    """Torch's own LSTM."""

    def __init__(self, n_inputs, n_units):
        super().__init__()
        self.lstm = nn.LSTM(n_inputs, n_units, batch_first=True)

    def forward(self, inputs):
        """Return the states at all steps, ``(trial, time, unit)``."""
        return self.lstm(inputs)[0]


class GPT2Block(nn.Module):
    """GPT-2 with one layer, on inputs projected to its width, with dropout and no positions."""

    def __init__(self, n_inputs, n_units, n_heads=8, dropout=0.1):
        super().__init__()
        self.n_heads, self.dropout = n_heads, nn.Dropout(dropout)
        self.project = nn.Linear(n_inputs, n_units)
        self.first_norm, self.second_norm = nn.LayerNorm(n_units), nn.LayerNorm(n_units)
        self.last_norm = nn.LayerNorm(n_units)
        self.attend, self.mix = nn.Linear(n_units, 3 * n_units), nn.Linear(n_units, n_units)
        self.widen, self.narrow = nn.Linear(n_units, 4 * n_units), nn.Linear(4 * n_units, n_units)
        self.activation = nn.GELU(approximate="tanh")

    def forward(self, inputs):
        """Return the states at all steps, ``(trial, time, unit)``."""
        state = self.dropout(self.project(inputs))
        state = state + self.dropout(self.mix(self.attention(self.first_norm(state))))
        inner = self.activation(self.widen(self.second_norm(state)))
        return self.last_norm(state + self.dropout(self.narrow(inner)))

    def attention(self, state):
        """Return what each head has gathered, ``(trial, time, unit)``."""
        trials, time, units = state.shape
        split = self.attend(state).view(trials, time, 3, self.n_heads, units // self.n_heads)
        queries, keys, values = split.permute(2, 0, 3, 1, 4)
        share = self.dropout.p if self.training else 0.0
        seen = functional.scaled_dot_product_attention(
            queries, keys, values, dropout_p=share, is_causal=True
        )
        return seen.transpose(1, 2).reshape(trials, time, units)


class AuthorsLoop:
    """One network in training; every call of :meth:`step` is one step of the descent.

    Parameters
    ----------
    architecture
        ``"rnn"``, ``"lstm"`` or ``"transformer"``.
    n_tasks, dimension, stimulus_steps
        N, D and T. In the plane boundaries are evenly spaced lines, else random.
    seed
        Of NumPy's and torch's generators.
    device
        Where the network is.
    lean
        Leave out what has no effect.
    """

    def __init__(
        self,
        architecture,
        n_tasks=24,
        *,
        dimension=2,
        stimulus_steps=20,
        n_units=64,
        seed=0,
        device="cpu",
        lean=False,
    ):
        rng = np.random.default_rng(seed)
        self.device = torch.device(device)
        self.trials = TrialMaker(normals_of(n_tasks, dimension, rng), 0.2, stimulus_steps, rng)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.encoder = make_encoder(dimension)
            n_inputs = 1 + ENCODER[-1]
            if architecture == "rnn":
                self.core = RateLoop(n_inputs, n_units, n_tasks, lean)
            elif architecture == "lstm":
                self.core = LSTM(n_inputs, n_units)
            else:
                self.core = GPT2Block(n_inputs, n_units)
            self.heads = nn.Sequential(nn.Linear(n_units, n_tasks), nn.Sigmoid())
        for module in (self.encoder, self.core, self.heads):
            module.to(self.device)
        self.criterion = nn.BCELoss()
        self.optimiser = torch.optim.Adam(self.core.parameters(), lr=1e-3)
        self.optimiser.add_param_group({"params": self.heads.parameters()})
        self.total_loss = 0.0

    def step(self):
        """Draw a batch and take one step of the descent."""
        observations, targets = self.trials.batch()
        targets = targets.to(self.device)
        self.optimiser.zero_grad()
        reports = self.reports(observations.to(self.device))
        loss = self.criterion(reports, targets)
        self.total_loss += loss.item()
        loss.backward()
        self.optimiser.step()

    def reports(self, observations):
        """Return the reports on observations ``(trial, time, channel)``, fixation first."""
        with torch.no_grad():
            features = self.encoder(observations[..., 1:])
        return self.heads(self.core(torch.cat([observations[..., :1], features], dim=-1)))


def make_encoder(dimension):
    """Return the frozen encoder D → 100 → 100 → 40, every layer but the last rectified."""
    layers, fan_in = [], dimension
    for width in ENCODER:
        layers += [nn.Linear(fan_in, width), nn.ReLU()]
        fan_in = width
    return nn.Sequential(*layers[:-1]).requires_grad_(False)


def normals_of(n_tasks, dimension, rng):
    """Return the unit normals of evenly spaced lines, or of random hyperplanes if D is not 2."""
    if dimension == 2:
        angles = (np.arange(n_tasks) + 0.5) * math.pi / n_tasks
        return np.column_stack([np.cos(angles), np.sin(angles)])
    normals = rng.standard_normal((n_tasks, dimension))
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)
