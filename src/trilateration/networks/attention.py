"""Cores that see the past as a whole: a GPT-2-style transformer, a diagonal state-space model."""

import math
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional

from trilateration._checks import check_count
from trilateration.networks.arithmetic import Product
from trilateration.networks.company import grouped, whole_vectors
from trilateration.networks.core import Core, architecture
from trilateration.networks.layers import affine, uniform

_MAX_STEPS = 256


@architecture("transformer")
class Transformer(Core):
    """A causal transformer with pre-norm blocks as in GPT-2, on inputs projected to its width.

    The authors use one layer, 8 heads and no positions: with exchangeable evidence the causal
    mean is all that is needed. Their dropout of 0.1 is left out: its noise would be shared between
    replicates. Options ``n_layers``, ``n_heads`` (a divisor of ``n_units``) and ``positions``
    (learned embeddings of the step, at most 256 of them).
    """

    defaults: ClassVar = {"n_layers": 1, "n_heads": 8, "positions": False}

    def check_options(self):
        """Require that the heads divide the width."""
        check_count(self.n_layers, "n_layers")
        check_count(self.n_heads, "n_heads")
        if self.n_units % self.n_heads:
            raise ValueError(
                f"n_heads must divide n_units = {self.n_units}, got {self.n_heads}, "
                f"which leaves {self.n_units % self.n_heads}"
            )
        if not isinstance(self.positions, bool | np.bool_):
            raise ValueError(f"positions must be True or False, got {self.positions!r}")

    def start_input(self, rng, n_features, fixation):
        """Draw the input projection as GPT-2 does, sd 0.02 and no bias."""
        shapes = {"weight": (n_features, self.width)} | (
            {"fixation": (self.width,)} if fixation else {}
        )
        start = {name: _normal(rng, shape) for name, shape in shapes.items()}
        return start | {"bias": np.zeros(self.width, np.float32)}

    def start(self, rng):
        """Draw weights as GPT-2 does: sd 0.02, divided by √(2 layers) where a block writes."""
        units = self.n_units
        written = 0.02 / math.sqrt(2 * self.n_layers)

        start = {"position": _normal(rng, (_MAX_STEPS, units))} if self.positions else {}
        for layer in range(self.n_layers):
            block = {
                "attend": _normal(rng, (units, 3 * units)),
                "attend_bias": np.zeros(3 * units, np.float32),
                "mix": _normal(rng, (units, units), written),
                "mix_bias": np.zeros(units, np.float32),
                "widen": _normal(rng, (units, 4 * units)),
                "widen_bias": np.zeros(4 * units, np.float32),
                "narrow": _normal(rng, (4 * units, units), written),
                "narrow_bias": np.zeros(units, np.float32),
            }
            for norm in ("first", "second"):
                block |= {f"{norm}_scale": np.ones(units, np.float32)}
                block |= {f"{norm}_shift": np.zeros(units, np.float32)}
            start |= {f"{name}_{layer}": weights for name, weights in block.items()}
        start["last_scale"] = np.ones(units, np.float32)
        start["last_shift"] = np.zeros(units, np.float32)
        return start

    def forward(self, drive):
        """Run all blocks; every step sees itself and the steps before."""
        state = drive
        if self.positions:
            if drive.shape[1] > _MAX_STEPS:
                raise ValueError(
                    f"a trial must have at most {_MAX_STEPS} steps, got {drive.shape[1]}"
                )
            state = state + self.position[:, : drive.shape[1], None]
        for layer in range(self.n_layers):
            w = {name: getattr(self, f"{name}_{layer}") for name in _BLOCK}
            seen = _normalise(state, w["first_scale"], w["first_shift"])
            seen = affine(seen, w["attend"], w["attend_bias"], self.dtype, keep=True)
            seen = affine(self._attend(seen), w["mix"], w["mix_bias"], self.dtype, keep=True)
            state = state + seen
            inner = _normalise(state, w["second_scale"], w["second_shift"])
            inner = affine(inner, w["widen"], w["widen_bias"], self.dtype, keep=True)
            inner = _Gelu.apply(inner)
            state = state + affine(inner, w["narrow"], w["narrow_bias"], self.dtype, keep=True)
        return _normalise(state, self.last_scale, self.last_shift)

    def products(self, batch, n_steps):
        """Leave out the positions, which only add, and count scores and mixtures of each head."""
        weights = [p for p in super().products(batch, n_steps) if p.name != "position"]
        heads, size = batch * self.n_heads * self.n_layers, self.n_units // self.n_heads
        return [
            *weights,
            Product("scores", n_steps, size, n_steps, heads, shared=False),
            Product("mixtures", n_steps, n_steps, size, heads, shared=False),
        ]

    def _attend(self, queries_keys_values):
        return _CausalAttention.apply(queries_keys_values, self.n_heads)


class _CausalAttention(torch.autograd.Function):
    """softmax(q kᵀ/√d) v over the steps up to the present one, for short trials.

    torch's fused attention is made for long sequences: at 22 steps and heads of 8 units it takes
    three times as long on a processor as these plain products.
    """

    @staticmethod
    def forward(ctx, queries_keys_values, n_heads):
        replicates, time, trials, width = queries_keys_values.shape
        ctx.axes = (replicates, time, trials, n_heads, width // 3 // n_heads)
        split = queries_keys_values.view(replicates, time, trials, 3, n_heads, -1)
        # (3, replicate x trial x head, time, unit of the head)
        split = split.permute(3, 0, 2, 4, 1, 5)
        ctx.dtype = split.dtype
        if split.dtype is torch.bfloat16:  # softmax is four times slower there
            split = split.float()
        # Of one replicate, reshape is sometimes a view, and products round by layout.
        q, k, v = split.reshape(3, -1, time, ctx.axes[-1]).contiguous()
        later = torch.full((time, time), -math.inf, dtype=q.dtype, device=q.device).triu_(1)
        score = partial(torch.baddbmm, later, alpha=ctx.axes[-1] ** -0.5)
        weights = torch.softmax(grouped(score, q, k.transpose(1, 2), replicates), -1)
        ctx.save_for_backward(q, k, v, weights)
        seen = grouped(torch.bmm, weights, v, replicates)
        return _CausalAttention.merge(seen, ctx.axes).to(ctx.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        q, k, v, weights = ctx.saved_tensors
        replicates, time, trials, n_heads, size = ctx.axes
        to_seen = gradient.view(replicates, time, trials, n_heads, size)
        to_seen = to_seen.permute(0, 2, 3, 1, 4).to(v.dtype)
        to_seen = to_seen.reshape(-1, time, size).contiguous()
        to_weights = grouped(torch.bmm, to_seen, v.transpose(1, 2), replicates)
        to_scores = torch._softmax_backward_data(to_weights, weights, -1, weights.dtype)
        to_scores.mul_(size**-0.5)
        result = gradient.new_empty(replicates, time, trials, 3, n_heads, size)
        parts = (
            grouped(torch.bmm, to_scores, k, replicates),
            grouped(torch.bmm, to_scores.transpose(1, 2), q, replicates),
            grouped(torch.bmm, weights.transpose(1, 2), to_seen, replicates),
        )
        for index, part in enumerate(parts):
            own = part.view(replicates, trials, n_heads, time, size).permute(0, 3, 1, 2, 4)
            result[:, :, :, index].copy_(own)
        return result.flatten(3), None

    @staticmethod
    def merge(seen, axes):
        """Return heads beside one another, (replicate, time, trial, unit)."""
        replicates, time, trials, n_heads, size = axes
        seen = seen.view(replicates, trials, n_heads, time, size).permute(0, 3, 1, 2, 4)
        return seen.reshape(replicates, time, trials, n_heads * size)


class _Gelu(torch.autograd.Function):
    """GPT-2's GELU, x (1 + tanh u)/2 with u = √(2/π)(x + 0.044715 x³), as x σ(2u)."""

    @staticmethod
    def forward(ctx, x):
        squashed = torch.addcmul(x.new_tensor(_TWICE), x, x, value=0.044715 * _TWICE).mul_(x)
        whole_vectors(torch.sigmoid, squashed, out=squashed)
        ctx.save_for_backward(x, squashed)
        return x * squashed

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        x, squashed = ctx.saved_tensors
        # σ + x σ (1 − σ) (2u)'
        slope = torch.addcmul(x.new_tensor(_TWICE), x, x, value=3 * 0.044715 * _TWICE).mul_(x)
        slope = _sigmoid_backward(slope, squashed, grad_input=slope).add_(squashed)
        return slope.mul_(gradient)


_TWICE = 2 * math.sqrt(2 / math.pi)
_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input


_BLOCK = ("attend", "attend_bias", "mix", "mix_bias", "widen", "widen_bias", "narrow",
          "narrow_bias", "first_scale", "first_shift", "second_scale", "second_shift")  # fmt: skip


def _normal(rng, shape, sd=0.02):
    return (sd * rng.standard_normal(shape)).astype(np.float32)


def _normalise(state, scale, shift):
    state = functional.layer_norm(state, state.shape[-1:])
    return torch.addcmul(shift[:, None, None], state, scale[:, None, None])


@architecture("state-space")
class StateSpace(Core):
    """A diagonal linear state-space model with a gated output, a modern recurrent reference.

    s_k = a ⊙ s_{k−1} + (1 − a) ⊙ u_k with a = sigmoid(λ) a unit, and h_k = relu(W s_k + b). The
    memory is linear, so all steps are one product with the kernel a^(k−l). The start spreads time
    constants between 1 and 100 steps.
    """

    def start(self, rng):
        """Draw time constants log-uniformly, and the output map as ``torch.nn.Linear`` does."""
        tau = np.exp(rng.uniform(0, math.log(100), self.n_units))
        decay = np.exp(-1 / tau)
        return {
            "rate": np.log(decay / (1 - decay)).astype(np.float32),
            "output": uniform(rng, (self.n_units, self.n_units), self.n_units),
            "bias": uniform(rng, (self.n_units,), self.n_units),
        }

    def forward(self, drive):
        """Filter the drive and rectify what is read from the filters."""
        steps = torch.arange(drive.shape[1], device=drive.device)
        lag = steps[:, None] - steps[None, :]
        decay = functional.logsigmoid(self.rate)[..., None, None]
        kernel = torch.exp(decay * lag.clamp_min(0)) * (lag >= 0) * -torch.expm1(decay)
        state = _filtered(kernel, drive)
        return affine(state, self.output, self.bias, self.dtype).relu()

    def products(self, batch, n_steps):
        """Count the filters as the product with their kernels that they are here."""
        kernel = Product("kernel", n_steps, n_steps, batch, self.n_units, shared=False)
        return [*super().products(batch, n_steps), kernel]


def _filtered(kernel, drive):
    """Return Σ_l kernel[r, u, k, l] drive[r, l, b, u], (r, k, b, u), as products of whole arrays.

    einsum would hand over views that are laid out otherwise if there is one replicate, and products
    round by layout.
    """
    replicates, time, trials, units = drive.shape
    own = drive.permute(0, 3, 1, 2).reshape(-1, time, trials).contiguous()
    state = grouped(torch.bmm, kernel.reshape(-1, time, time), own, replicates)
    if state.requires_grad:
        state.register_hook(torch.Tensor.contiguous)
    return state.view(replicates, units, time, trials).permute(0, 2, 3, 1)
