"""Adam for an ensemble: what happens to a number does not depend on how many others there are."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

# Numbers in a cache line. A processor takes up to so many at once.
_LANES = 16
_MOMENTS = ("exp_avg", "exp_avg_sq")


class PaddedAdam:
    """torch's fused Adam on parameters that lie in one array, each filled up to whole cache lines.

    Fused Adam takes whole vectors of numbers at once, and what remains at the end of an array one
    by one, which rounds in another way. Were each parameter an array, which numbers remain would
    depend on the number of replicates. Here none do, on any number of threads: torch hands them
    whole cache lines.

    Parameters
    ----------
    parameters
        All of one dtype and on one device. From then on their values are views of the array.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]):
        self.parameters = list(parameters)
        self.sizes = [-(-p.numel() // _LANES) * _LANES for p in self.parameters]
        self.weights = self.parameters[0].detach().new_zeros(sum(self.sizes))
        self.weights.grad = torch.zeros_like(self.weights)
        for parameter, part in zip(self.parameters, self._parts(self.weights), strict=True):
            part.copy_(parameter.detach())
            parameter.data = part
        self.gradients = self._parts(self.weights.grad)
        self.adam = torch.optim.Adam([self.weights], fused=True)

    def _parts(self, array):
        split = zip(array.split(self.sizes), self.parameters, strict=True)
        return [part[: p.numel()].view(p.shape) for part, p in split]

    def step(self, rate: float) -> None:
        """Go one step along the gradients, and forget them.

        Parameters
        ----------
        rate
            The learning rate > 0.
        """
        # What no readout depends on has no gradient; its part stays zero.
        pairs = zip(self.gradients, self.parameters, strict=True)
        parts, found = zip(
            *((part, p.grad) for part, p in pairs if p.grad is not None), strict=True
        )
        torch._foreach_copy_(parts, found)
        self.adam.param_groups[0]["lr"] = rate
        self.adam.step()
        for parameter in self.parameters:
            parameter.grad = None

    def state(self) -> list[dict[str, Tensor]]:
        """Return Adam's number of steps and moments, for each parameter; empty before a step."""
        state = self.adam.state[self.weights]
        if not state:
            return [{} for _ in self.parameters]
        moments = zip(*(self._parts(state[key]) for key in _MOMENTS), strict=True)
        return [
            {"step": state["step"].clone()} | dict(zip(_MOMENTS, own, strict=True))
            for own in moments
        ]

    def restore(self, states: Sequence[Mapping[str, Tensor]]) -> None:
        """Go on from what :meth:`state` returned."""
        state = {}
        for key in _MOMENTS:
            state[key] = torch.zeros_like(self.weights)
            for part, own in zip(self._parts(state[key]), states, strict=True):
                if key in own:
                    part.copy_(own[key])
                    state["step"] = own["step"].to(self.weights.device)
        if "step" in state:
            self.adam.state[self.weights] = state
