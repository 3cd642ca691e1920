"""Recurrent cores: the authors' rate network and its relatives, LSTM and GRU.

Gradients are written by hand: autograd would form one small weight gradient a step, here it is one
product over all steps.
"""

from typing import ClassVar

import torch
from torch.autograd.function import once_differentiable

from trilateration._checks import check_positive
from trilateration.networks.company import batched, whole_vectors
from trilateration.networks.core import Core, architecture
from trilateration.networks.layers import affine, product, rounded, uniform

_relu_backward = torch.ops.aten.threshold_backward.grad_input
_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


class _Rates(torch.autograd.Function):
    """h_k = keep h_{k−1} + gain relu(drive_k + h_{k−1} W), from h_0 = 0."""

    @staticmethod
    def forward(ctx, drive, recurrent, keep, gain, dtype):
        rates = torch.empty_like(drive)  # relu(·), whose zeros say where the gradient stops
        hidden = rates if (keep, gain) == (0, 1) else torch.empty_like(drive)
        step = torch.empty_like(drive[:, 0], memory_format=torch.contiguous_format)
        before = None
        for now, rate, state in zip(
            drive.unbind(1), rates.unbind(1), hidden.unbind(1), strict=True
        ):
            if before is None:
                torch.clamp_min(now, 0, out=rate)
                if hidden is not rates:
                    torch.mul(rate, gain, out=state)
            else:
                batched(torch.bmm, before, recurrent, out=step)
                torch.clamp_min(step.add_(now), 0, out=rate)
                if hidden is not rates:
                    torch.mul(before, keep, out=step)
                    torch.add(step, rate, alpha=gain, out=state)
            before = state
        ctx.save_for_backward(hidden, rates, recurrent)
        ctx.keep, ctx.gain, ctx.dtype = keep, gain, dtype
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        hidden, rates, recurrent = ctx.saved_tensors
        keep, gain = ctx.keep, ctx.gain
        to_drive = torch.empty_like(hidden)
        backwards = recurrent.transpose(1, 2)
        steps = zip(gradient.unbind(1), rates.unbind(1), to_drive.unbind(1), strict=True)
        total, later = None, None  # gradients of h_k and of the drive one step later
        following = torch.empty_like(hidden[:, 0], memory_format=torch.contiguous_format)
        for own, rate, result in reversed(list(steps)):
            if later is None:
                total = own.contiguous()
            else:
                batched(torch.bmm, later, backwards, out=following).add_(own)
                if keep:
                    following.add_(total, alpha=keep)
                    total = following.clone()
                else:
                    total = following
            _relu_backward(total, rate, 0, grad_input=result)
            if gain != 1:
                result.mul_(gain)
            later = result
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
    """The LSTM recurrence with gates in the order input, forget, output, candidate.

    tanh(x) = 2 σ(2x) − 1, and σ is several times faster than tanh on a processor; so half the cell
    and half the state are kept, c/2 and h/2, and every gate is a σ.
    """

    @staticmethod
    def forward(ctx, drive, recurrent, dtype):
        units = drive.shape[-1] // 4
        gates, squashed = torch.empty_like(drive), torch.empty_like(drive[..., :units])
        cells, halves = torch.empty_like(squashed), torch.empty_like(squashed)
        weight = rounded(2 * recurrent, dtype)
        candidates = gates[..., 3 * units :].unbind(1)
        cell_before = half_before = None
        for k, (now, gate) in enumerate(zip(drive.unbind(1), gates.unbind(1), strict=True)):
            if k == 0:
                gate.copy_(now)
            else:
                torch.add(now, batched(torch.bmm, rounded(half_before, dtype), weight), out=gate)
            candidates[k].mul_(2)
            whole_vectors(torch.sigmoid, gate, out=gate)
            enter, forget, leave, candidate = gate.split(units, -1)
            cell, squash, half = cells[:, k], squashed[:, k], halves[:, k]
            torch.mul(enter, candidate, out=cell).sub_(enter, alpha=0.5)
            if k > 0:
                cell.addcmul_(forget, cell_before)
            torch.mul(cell, 4, out=squash)
            whole_vectors(torch.sigmoid, squash, out=squash)
            torch.mul(leave, squash, out=half).sub_(leave, alpha=0.5)
            cell_before, half_before = cell, half
        hidden = 2 * halves
        ctx.save_for_backward(gates, hidden, cells, squashed, recurrent)
        ctx.dtype = dtype
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        gates, hidden, cells, squashed, recurrent = ctx.saved_tensors
        time, units = hidden.shape[1], hidden.shape[-1]
        enter, forget, leave, _ = (g.unbind(1) for g in gates.split(units, -1))
        to_drive = torch.empty_like(gates)
        backwards = rounded(recurrent.transpose(1, 2), ctx.dtype)
        gate, squash, cell = gates.unbind(1), squashed.unbind(1), cells.unbind(1)
        centred = (gates[..., 3 * units :] - 0.5).unbind(1)
        squash_minus = (squashed - 0.5).unbind(1)
        own, results = gradient.unbind(1), to_drive.unbind(1)
        inner = torch.empty_like(gates[:, 0], memory_format=torch.contiguous_format)
        to_enter, to_forget, to_leave, to_candidate = inner.split(units, -1)
        to_cell = torch.zeros_like(gradient[:, 0], memory_format=torch.contiguous_format)
        through = torch.empty_like(to_cell)
        for k in range(time - 1, -1, -1):
            to_half = 2 * own[k]
            if k < time - 1:
                back = batched(torch.bmm, rounded(results[k + 1], ctx.dtype), backwards)
                to_half.add_(back, alpha=2)
            torch.mul(to_half, leave[k], out=through).mul_(4)
            _sigmoid_backward(through, squash[k], grad_input=through)
            to_cell.add_(through)
            torch.mul(to_cell, centred[k], out=to_enter)
            if k > 0:
                torch.mul(to_cell, cell[k - 1], out=to_forget)
            else:
                to_forget.zero_()
            torch.mul(to_half, squash_minus[k], out=to_leave)
            torch.mul(to_cell, enter[k], out=to_candidate).mul_(2)
            _sigmoid_backward(inner, gate[k], grad_input=results[k])
            to_cell.mul_(forget[k])
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


class _GatedRecurrentUnit(torch.autograd.Function):
    """The GRU recurrence with gates in the order reset, update, candidate."""

    @staticmethod
    def forward(ctx, drive, recurrent, bias):
        units = drive.shape[-1] // 3
        gates = torch.empty_like(drive[..., : 2 * units], memory_format=torch.contiguous_format)
        candidates = torch.empty_like(gates[..., :units], memory_format=torch.contiguous_format)
        hidden, inner = torch.empty_like(candidates), []
        state = torch.zeros_like(hidden[:, 0], memory_format=torch.contiguous_format)
        for k, now in enumerate(drive.unbind(1)):
            back = batched(torch.baddbmm, bias[:, None], state, recurrent)
            gate, candidate = gates[:, k], candidates[:, k]
            torch.add(now[..., : 2 * units], back[..., : 2 * units], out=gate)
            whole_vectors(torch.sigmoid, gate, out=gate)
            reset, update = gate.split(units, -1)
            inner.append(back[..., 2 * units :])
            torch.addcmul(now[..., 2 * units :], reset, inner[k], out=candidate).tanh_()
            torch.lerp(candidate, state, update, out=hidden[:, k])
            state = hidden[:, k]
        ctx.save_for_backward(gates, candidates, hidden, recurrent, *inner)
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        gates, candidates, hidden, recurrent, *inner = ctx.saved_tensors
        replicates, time, trials, units = hidden.shape
        to_drive = hidden.new_empty(replicates, time, trials, 3 * units)
        to_back = torch.empty_like(
            to_drive
        )  # differs in the candidate, which the reset gate scales
        to_gates = torch.empty_like(gates[:, 0], memory_format=torch.contiguous_format)
        backwards = recurrent.transpose(1, 2)
        start = torch.zeros_like(hidden[:, 0], memory_format=torch.contiguous_format)
        total = torch.zeros_like(start)
        for k in range(time - 1, -1, -1):
            total.add_(gradient[:, k])
            before = hidden[:, k - 1] if k else start
            reset, update = gates[:, k].split(units, -1)
            candidate, result, back = candidates[:, k], to_drive[:, k], to_back[:, k]
            own = torch.addcmul(total, total, update, value=-1)
            _tanh_backward(own, candidate, grad_input=own)
            torch.mul(own, inner[k], out=to_gates[..., :units])
            torch.mul(total, before - candidate, out=to_gates[..., units:])
            _sigmoid_backward(to_gates, gates[:, k], grad_input=to_gates)
            result[..., : 2 * units] = to_gates
            result[..., 2 * units :] = own
            back[..., : 2 * units] = to_gates
            torch.mul(own, reset, out=back[..., 2 * units :])
            total.mul_(update)
            if k:
                total.add_(batched(torch.bmm, back, backwards))
        to_bias = to_back.flatten(1, 2).sum(1)
        return to_drive, _over_time(hidden, to_back, torch.float32), to_bias


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
        return _GatedRecurrentUnit.apply(drive, self.recurrent, self.recurrent_bias)


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
