"""Operations that give a replicate the same numbers, to the last bit, in whatever company it is.

torch's own do so with few exceptions, which are mended here for the processor: products whose order
of summing depends on where in memory they are and how many there are, and functions that round
otherwise where a vector of the processor is not full. An architecture of a reader's own has it from
:func:`~trilateration.networks.affine`, gradients included.
"""

from collections.abc import Callable

import torch
from torch import Tensor

# Numbers in a cache line and where one begins, in bytes.
_LINE, _ALIGNED = 16, 64
# Numbers that torch takes at once, and those below which it takes no further thread.
_LANES = 32
_GRAIN = 2**15


def batched(multiply: Callable[..., Tensor], *factors: Tensor, out: Tensor | None = None) -> Tensor:
    """Return ``torch.bmm`` or ``torch.baddbmm``, each replicate's product as if it were by itself.

    A product may sum in another order if its result does not begin at a cache line, or if it is a
    vector, and if it is the only one and there are several threads. In the first two cases the
    products are taken one at a time, in the third as one of two, which take one thread each.

    Parameters
    ----------
    multiply
        ``torch.bmm`` or ``torch.baddbmm``.
    *factors
        What it takes, each with the replicate as first of three axes.
    out
        Where the result goes, if not to a new array.
    """
    rows, columns = factors[-2].shape[1], factors[-1].shape[2]
    if not factors[-1].is_cpu:
        return multiply(*factors, out=out)
    if rows * columns % _LINE or rows == 1 or columns == 1:
        one = {torch.bmm: torch.mm, torch.baddbmm: torch.addmm}[multiply]
        # What is new begins at a cache line.
        own = torch.stack([one(*map(_at_line, own)) for own in zip(*factors, strict=True)])
    elif len(factors[-1]) > 1 or torch.get_num_threads() == 1:
        return multiply(*factors, out=out)
    else:
        own = multiply(*(factor.expand(2, -1, -1) for factor in factors))[:1]
    return own if out is None else out.copy_(own)


def _at_line(factor):
    return factor.clone() if factor.data_ptr() % _ALIGNED else factor


def grouped(
    multiply: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor, replicates: int
) -> Tensor:
    """Return products of which each replicate has several, as if its own were all.

    Where the numbers of a replicate do not fill cache lines, replicates are taken one at a time.

    Parameters
    ----------
    multiply
        Such as ``torch.bmm``.
    a, b
        Factors of shape ``(replicate x product, ...)``.
    replicates
        How many there are.
    """
    each = len(a) // replicates
    sizes = (a[0].numel(), b[0].numel(), a.shape[1] * b.shape[2])
    if not a.is_cpu or all(each * size % _LINE == 0 for size in sizes):
        return multiply(a, b)
    parts = zip(a.split(each), b.split(each), strict=True)
    products = [multiply(own.clone(), other.clone()) for own, other in parts]
    for product in products:
        if product.requires_grad:  # its gradient is a part of a larger array
            product.register_hook(torch.clone)
    return torch.cat(products)


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
