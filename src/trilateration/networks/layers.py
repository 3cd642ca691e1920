"""The layers all ensembles share: batched products, the input map, and the task heads' affine map.

Inside an ensemble arrays have the axes ``(replicate, time, trial, unit)``: a time step of one
replicate is contiguous, and so are all its time steps together, which lets a recurrence walk over
views and its weight gradients be one product.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from trilateration.networks.company import batched

PRECISIONS = ("float32", "bfloat16")


def uniform(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> np.ndarray:
    """Draw weights as ``torch.nn.Linear`` does by default: uniform within ±1/√fan_in.

    Parameters
    ----------
    rng
        Source of all randomness.
    shape
        Shape of the result, float32.
    fan_in
        Number of inputs > 0 of each unit.
    """
    bound = 1 / math.sqrt(fan_in)
    return rng.uniform(-bound, bound, shape).astype(np.float32)


def register_stacked(module: nn.Module, starts: Sequence[Mapping[str, np.ndarray]]) -> None:
    """Give ``module`` one parameter per name, stacked over replicates on a new first axis."""
    for name in starts[0]:
        stacked = np.stack([start[name] for start in starts])
        setattr(module, name, nn.Parameter(torch.from_numpy(stacked)))


def product(
    a: Float[Tensor, "replicate row inner"],
    b: Float[Tensor, "replicate inner column"],
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "replicate row column"]:
    """Return the product of each replicate in float32, its factors rounded to ``dtype`` first.

    bfloat16 factors halve the time where the processor multiplies them natively; sums are still
    taken in float32, and the result is rounded once more.
    """
    return batched(torch.bmm, rounded(a, dtype), rounded(b, dtype)).to(a.dtype)


class _Affine(torch.autograd.Function):
    """x W + b, and + p at the first steps; the weight gradient is one product."""

    @staticmethod
    def forward(ctx, inputs, weight, bias, pulse, pulse_steps, dtype, keep):
        replicates, time, trials, n_inputs = inputs.shape
        rows = rounded(inputs.reshape(replicates, time * trials, n_inputs), dtype)
        weight = rounded(weight, dtype)
        first = bias if pulse is None else bias + pulse
        if keep or rows.dtype is bias.dtype:
            outputs = batched(torch.baddbmm, first[:, None].to(rows.dtype), rows, weight)
        else:
            outputs = batched(torch.bmm, rows, weight).to(bias.dtype).add_(first[:, None])
        outputs = outputs.view(replicates, time, trials, -1)
        if pulse is not None and pulse_steps < time:
            outputs[:, pulse_steps:].sub_(pulse[:, None, None])
        ctx.save_for_backward(rows, weight)
        ctx.inputs_need_gradient, ctx.inputs_dtype = ctx.needs_input_grad[0], inputs.dtype
        ctx.dtype = bias.dtype
        ctx.pulse_steps = None if pulse is None else pulse_steps
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        rows, weight = ctx.saved_tensors
        gradient = gradient.contiguous()  # sums round by layout; a replicate's must not change
        replicates, time, trials, _ = gradient.shape
        flat = gradient.view(replicates, time * trials, -1)
        factor = flat.to(rows.dtype)
        to_weight = batched(torch.bmm, rows.transpose(1, 2), factor).to(ctx.dtype)
        to_bias = flat.sum(1, dtype=ctx.dtype)
        to_inputs = to_pulse = None
        if ctx.inputs_need_gradient:
            to_inputs = batched(torch.bmm, factor, weight.transpose(1, 2)).to(ctx.inputs_dtype)
            to_inputs = to_inputs.view(replicates, time, trials, -1)
        if ctx.pulse_steps is not None:
            to_pulse = to_bias - gradient[:, ctx.pulse_steps :].sum((1, 2))
        return to_inputs, to_weight, to_bias, to_pulse, None, None, None


def affine(
    inputs: Float[Tensor, "replicate time trial feature"],
    weight: Float[Tensor, "replicate feature unit"],
    bias: Float[Tensor, "replicate unit"],
    dtype: torch.dtype = torch.float32,
    *,
    pulse: Float[Tensor, "replicate unit"] | None = None,
    pulse_steps: int = 0,
    keep: bool = False,
) -> Float[Tensor, "replicate time trial unit"]:
    """Return x W + b, each replicate with its own W and b; factors are rounded to ``dtype``.

    Parameters
    ----------
    inputs, weight, bias
        x, W and b.
    dtype
        As in :func:`product`.
    pulse, pulse_steps
        A second bias that acts at the first ``pulse_steps`` steps only.
    keep
        Whether to leave the result in ``dtype``, for a next step that is as well done there.
    """
    return _Affine.apply(inputs, weight, bias, pulse, pulse_steps, dtype, keep)


def rounded(factor, dtype):
    """Round to bfloat16 where asked; float32 means as it is, so that tests can use float64."""
    return factor.to(dtype) if dtype is torch.bfloat16 else factor


class InputMap(nn.Module):
    """The affine map from features to what drives a core, with the fixation channel as a bias.

    The authors append to the features a channel that is 1 until the decision step. Its weights act
    as one more bias there and not at all after; no array grows by a channel.

    Parameters
    ----------
    starts
        For each replicate ``weight`` (feature, width) and ``bias`` (width,); ``fixation`` (width,)
        if there is such a channel; ``second_bias`` (width,) if the core has a bias of its own that
        simply adds.
    """

    def __init__(self, starts: Sequence[Mapping[str, np.ndarray]]):
        super().__init__()
        register_stacked(self, starts)

    def forward(
        self,
        features: Float[Tensor, "replicate time trial feature"],
        fixation_steps: int,
        dtype: torch.dtype,
    ) -> Float[Tensor, "replicate time trial width"]:
        """Return the drive; the fixation channel is 1 at the first ``fixation_steps`` steps."""
        bias = self.bias + self.second_bias if hasattr(self, "second_bias") else self.bias
        pulse = getattr(self, "fixation", None)
        return affine(features, self.weight, bias, dtype, pulse=pulse, pulse_steps=fixation_steps)
