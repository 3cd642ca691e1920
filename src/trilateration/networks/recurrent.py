"""Recurrent cores: the authors' rate network and its relatives, LSTM and GRU.

Gradients of the rate networks and the LSTM are written by hand: autograd would form one small
weight gradient a step, here it is one product over all steps.
"""

from typing import ClassVar

import torch

from trilateration._checks import check_positive
from trilateration.networks.core import Core, architecture
from trilateration.networks.layers import affine, product, rounded, uniform

_relu_backward = torch.ops.aten.threshold_backward.grad_input


class _Rates(torch.autograd.Function):
    """h_k = keep h_{k−1} + gain relu(drive_k + h_{k−1} W), from h_0 = 0."""

    @staticmethod
    def forward(ctx, drive, recurrent, keep, gain, dtype):
        rates = torch.empty_like(drive)  # relu(·), whose zeros say where the gradient stops
        torch.clamp_min(drive[:, 0], 0, out=rates[:, 0])
        hidden = rates if (keep, gain) == (0, 1) else torch.empty_like(drive)
        if hidden is not rates:
            torch.mul(rates[:, 0], gain, out=hidden[:, 0])
        step = torch.empty_like(drive[:, 0], memory_format=torch.contiguous_format)
        for k in range(1, drive.shape[1]):
            torch.bmm(hidden[:, k - 1], recurrent, out=step)
            step.add_(drive[:, k])
            torch.clamp_min(step, 0, out=rates[:, k])
            if hidden is not rates:
                torch.mul(hidden[:, k - 1], keep, out=step)
                torch.add(step, rates[:, k], alpha=gain, out=hidden[:, k])
        ctx.save_for_backward(hidden, rates, recurrent)
        ctx.keep, ctx.gain, ctx.dtype = keep, gain, dtype
        return hidden

    @staticmethod
    def backward(ctx, gradient):
        hidden, rates, recurrent = ctx.saved_tensors
        keep, gain = ctx.keep, ctx.gain
        to_drive = torch.empty_like(hidden)
        backwards = recurrent.transpose(1, 2)
        total = gradient[:, -1].clone()  # gradient with respect to h_k, from later steps too
        following = torch.empty_like(total)
        for k in range(hidden.shape[1] - 1, -1, -1):
            if k < hidden.shape[1] - 1:
                torch.bmm(to_drive[:, k + 1], backwards, out=following)
                following.add_(gradient[:, k])
                if keep:
                    following.add_(total, alpha=keep)
                total, following = following, total
            _relu_backward(total, rates[:, k], 0, grad_input=to_drive[:, k])
            if gain != 1:
                to_drive[:, k].mul_(gain)
        to_weight = _over_time(hidden, to_drive, ctx.dtype)
        return to_drive, to_weight, None, None, None


def _over_time(hidden, to_drive, dtype):
    """Return Σ_k h_{k−1}ᵀ δ_k, the gradient of recurrent weights, as one product."""
    replicates = len(hidden)
    before = hidden[:, :-1].reshape(replicates, -1, hidden.shape[-1])
    after = to_drive[:, 1:].reshape(replicates, -1, to_drive.shape[-1])
    return product(before.transpose(1, 2), after, dtype)


@architecture("rnn")
class RateNetwork(Core):
    """The authors' network: h_k = (1 − α) h_{k−1} + α relu(W h_{k−1} + U x_k + b), h_0 = 0.

    With their time step and time constant, both 100 ms, α = 1 and no leak is left; that is the
    default. Option ``alpha``: 0 < α ≤ 1.
    """

    n_biases = 2
    defaults: ClassVar = {"alpha": 1.0}

    def check_options(self):
        """Require 0 < α ≤ 1."""
        check_positive(self.alpha, "alpha")
        if self.alpha > 1:
            raise ValueError(f"alpha must be a number in (0, 1], got {self.alpha!r}")

    def start(self, rng):
        """Draw W as ``torch.nn.Linear`` does."""
        return {"recurrent": uniform(rng, (self.n_units, self.n_units), self.n_units)}

    def make_persistent(self):
        """Start at W = (0.95 − (1 − α))/α I, so that small states decay by 5 % a step."""
        with torch.no_grad():
            self.recurrent.copy_(torch.eye(self.n_units) * (0.95 - self.keep) / self.gain)

    @property
    def keep(self) -> float:
        """Share of the state that stays without the recurrent weights."""
        return 1.0 - self.alpha

    @property
    def gain(self) -> float:
        """Factor of the rectified input."""
        return float(self.alpha)

    def forward(self, drive):
        """Run the dynamics."""
        return _Rates.apply(drive, self.recurrent, self.keep, self.gain, self.dtype)


@architecture("integrator")
class Integrator(RateNetwork):
    """The authors' non-leaky network, h_k = h_{k−1} + relu(W h_{k−1} + U x_k + b): only growth."""

    defaults: ClassVar = {}

    def check_options(self):
        """There is nothing to check."""

    def make_persistent(self):
        """Start at W = 0: the state persists by itself."""
        with torch.no_grad():
            self.recurrent.zero_()

    keep = 1.0
    gain = 1.0


class _LongShortTermMemory(torch.autograd.Function):
    """The LSTM recurrence with gates in the order input, forget, output, candidate."""

    @staticmethod
    def forward(ctx, drive, recurrent, dtype):
        replicates, time, trials, width = drive.shape
        units = width // 4
        gates = torch.empty_like(drive)
        hidden, cells, squashed = (drive.new_empty(replicates, time, trials, units) for _ in "hcs")
        step = drive.new_empty(replicates, trials, width)
        weight = rounded(recurrent, dtype)
        for k in range(time):
            now = gates[:, k]
            if k == 0:
                now.copy_(drive[:, 0])
            else:
                step = torch.bmm(rounded(hidden[:, k - 1], dtype), weight)
                torch.add(drive[:, k], step, out=now)
            now[..., : 3 * units].sigmoid_()
            now[..., 3 * units :].tanh_()
            enter, forget, leave, candidate = now.split(units, -1)
            torch.mul(enter, candidate, out=cells[:, k])
            if k > 0:
                cells[:, k].addcmul_(forget, cells[:, k - 1])
            torch.tanh(cells[:, k], out=squashed[:, k])
            torch.mul(leave, squashed[:, k], out=hidden[:, k])
        ctx.save_for_backward(gates, hidden, cells, squashed, recurrent)
        ctx.dtype = dtype
        return hidden

    @staticmethod
    def backward(ctx, gradient):
        gates, hidden, cells, squashed, recurrent = ctx.saved_tensors
        time, units = hidden.shape[1], hidden.shape[-1]
        enter, forget, leave, candidate = gates.split(units, -1)
        # What does not depend on later steps is taken for all steps at once.
        to_drive = torch.empty_like(gates)
        factors = torch.empty_like(gates)
        i, f, o, g = factors.split(units, -1)
        torch.mul(enter, 1 - enter, out=i).mul_(candidate)
        torch.mul(forget, 1 - forget, out=f)
        f[:, 1:].mul_(cells[:, :-1])
        f[:, 0].zero_()
        torch.mul(leave, 1 - leave, out=o).mul_(squashed)
        torch.addcmul(enter, enter, candidate * candidate, value=-1, out=g)
        through = torch.addcmul(leave, leave, squashed * squashed, value=-1)  # dh/dc
        backwards = rounded(recurrent.transpose(1, 2), ctx.dtype)
        to_cell = torch.zeros_like(gradient[:, 0], memory_format=torch.contiguous_format)
        to_hidden = gradient[:, -1]
        for k in range(time - 1, -1, -1):
            if k < time - 1:
                to_hidden = torch.bmm(rounded(to_drive[:, k + 1], ctx.dtype), backwards)
                to_hidden = to_hidden.to(gradient.dtype)
                to_hidden.add_(gradient[:, k])
                to_cell.mul_(forget[:, k + 1])
            to_cell.addcmul_(to_hidden, through[:, k])
            blocks = to_drive[:, k].unflatten(-1, (4, units))
            weights = factors[:, k].unflatten(-1, (4, units))
            torch.mul(weights, to_cell.unsqueeze(-2), out=blocks)
            torch.mul(weights[..., 2, :], to_hidden, out=blocks[..., 2, :])
        return to_drive, _over_time(hidden, to_drive, ctx.dtype), None


@architecture("lstm")
class LSTM(Core):
    """Long short-term memory, as ``torch.nn.LSTM`` with its default start."""

    n_biases = 2

    @property
    def width(self) -> int:
        """Four gates a unit."""
        return 4 * self.n_units

    def start(self, rng):
        """Draw W as ``torch.nn.LSTM`` does."""
        return {"recurrent": uniform(rng, (self.n_units, self.width), self.n_units)}

    def start_input(self, rng, n_features, fixation):
        """Draw the input map as ``torch.nn.LSTM`` does, by the number of units."""
        return self._uniform_input(rng, n_features, fixation, self.n_units)

    def forward(self, drive):
        """Run the recurrence."""
        return _LongShortTermMemory.apply(drive, self.recurrent, self.dtype)


@architecture("gru")
class GRU(Core):
    """Gated recurrent unit as ``torch.nn.GRU``: the reset gate acts after the recurrent product."""

    @property
    def width(self) -> int:
        """Three gates a unit: reset, update, candidate."""
        return 3 * self.n_units

    def start(self, rng):
        """Draw W and its bias as ``torch.nn.GRU`` does."""
        return {
            "recurrent": uniform(rng, (self.n_units, self.width), self.n_units),
            "recurrent_bias": uniform(rng, (self.width,), self.n_units),
        }

    def start_input(self, rng, n_features, fixation):
        """Draw the input map as ``torch.nn.GRU`` does, by the number of units."""
        return self._uniform_input(rng, n_features, fixation, self.n_units)

    def forward(self, drive):
        """Run the recurrence."""
        state = drive.new_zeros(*drive[:, 0].shape[:-1], self.n_units)
        hidden = []
        for now in drive.unbind(1):
            recurrent = torch.baddbmm(self.recurrent_bias[:, None], state, self.recurrent)
            gates = torch.sigmoid(now[..., : 2 * self.n_units] + recurrent[..., : 2 * self.n_units])
            reset, update = gates.split(self.n_units, -1)
            candidate = torch.addcmul(
                now[..., 2 * self.n_units :], reset, recurrent[..., 2 * self.n_units :]
            ).tanh()
            state = torch.lerp(candidate, state, update)
            hidden.append(state)
        return torch.stack(hidden, dim=1)


@architecture("feedforward")
class Memoryless(Core):
    """The control that must fail: two layers on the present sample, h_k = relu(W relu(x_k) + b)."""

    def start(self, rng):
        """Draw W and b as ``torch.nn.Linear`` does."""
        return {
            "second": uniform(rng, (self.n_units, self.n_units), self.n_units),
            "bias": uniform(rng, (self.n_units,), self.n_units),
        }

    def forward(self, drive):
        """Apply both layers to every step by itself."""
        return affine(drive.relu(), self.second, self.bias, self.dtype).relu()
