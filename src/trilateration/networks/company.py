"""Operations that give a replicate the same numbers, to the last bit, in whatever company it is.

torch's own do so with few exceptions, which are mended here for the processor: a product that is
alone in its batch, and functions that round otherwise where a vector of the processor is not full.
"""

from collections.abc import Callable

import torch
from torch import Tensor

# Numbers that torch takes at once, and those below which it takes no further thread.
_LANES = 32
_GRAIN = 2**15


def batched(multiply: Callable[..., Tensor], *factors: Tensor, out: Tensor | None = None) -> Tensor:
    """Return ``torch.bmm`` or ``torch.baddbmm``, of one replicate as if it were one of two.

    With several threads each of many products is done by one thread, but a single one by all, who
    sum in another order. Of two products each takes one thread.

    Parameters
    ----------
    multiply
        ``torch.bmm`` or ``torch.baddbmm``.
    *factors
        What it takes, each with the replicate as first of three axes.
    out
        Where the result goes, if not to a new array.
    """
    last = factors[-1]
    if len(last) > 1 or not last.is_cpu or torch.get_num_threads() == 1:
        return multiply(*factors, out=out)
    own = multiply(*(factor.expand(2, -1, -1) for factor in factors))[:1]
    return own if out is None else out.copy_(own)


def whole_vectors(function: Callable[..., Tensor], x: Tensor, out: Tensor | None = None) -> Tensor:
    """Return an elementwise function of an array with the replicate as first axis.

    torch's σ and log(1 + eˣ) take whole vectors of numbers at once, and what remains at the end of
    an array, or of a thread's share of it, one by one with another last bit. Where something would
    remain, they are here given an array that is filled up with zeros.

    Parameters
    ----------
    function
        Such as ``torch.sigmoid``.
    x
        Its argument.
    out
        Where the result goes, if not to a new array; it may be ``x``.
    """
    size = x.numel()
    block = _LANES * max(1, min(torch.get_num_threads(), -(-size // _GRAIN)))
    full = size % block == 0 and (x.is_contiguous() or x[0].numel() % _LANES == 0)
    if full or not x.is_cpu:
        return function(x) if out is None else function(x, out=out)
    filled = x.new_zeros(-(-size // block) * block)
    filled[:size].view(x.shape).copy_(x)
    own = function(filled)[:size].view(x.shape)
    return own if out is None else out.copy_(own)
