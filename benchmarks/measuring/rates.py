"""How fast this machine multiplies matrices, which is what floors are made of."""

import time
from collections.abc import Sequence

import torch

from measuring.stopwatch import synchronise
from trilateration.networks import Product


def square_rate(size: int, precision: str, device: str, seconds: float = 0.3) -> float:
    """Return the rate of a product of two large square matrices, in floating-point operations/s."""
    product = Product("square", size, size, size, gradients=0)
    return product.flops / product_seconds([product], 1, precision, device, seconds)


def step_rate(
    products: Sequence[Product],
    networks: int,
    precision: str,
    device: str,
    seconds: float = 0.3,
) -> float:
    """Return the rate at the sizes of a step: the same products, batched, and nothing between.

    Products of two activations, those of attention, are in float32 whatever the precision.

    Parameters
    ----------
    products
        Forward products of one network; those of their gradients are added.
    networks
        Networks side by side.
    precision, device
        Where, and in which type.
    seconds
        About how long to measure.
    """
    everything = [p._replace(gradients=0) for p in products]
    for p in products:
        everything += [backward._replace(shared=p.shared) for backward in p.backward()]
    total = networks * sum(p.flops for p in everything)
    return total / product_seconds(everything, networks, precision, device, seconds)


def product_seconds(products, networks, precision, device, seconds):
    """Return the least time in which all products were done once."""
    factors = []
    for p in products:
        dtype = getattr(torch, precision) if p.shared else torch.float32
        # Products that wait for each other are done one by one; those that do not, as one batch.
        side_by_side = 1 if p.shared else p.count
        left = torch.randn(networks * side_by_side, p.rows, p.inner, device=device).to(dtype)
        right = torch.randn(networks * side_by_side, p.inner, p.columns, device=device).to(dtype)
        out = torch.empty(len(left), p.rows, p.columns, device=device, dtype=dtype)
        factors.append((left, right, out, p.count // side_by_side))
    best, began = float("inf"), time.perf_counter()
    while best == float("inf") or time.perf_counter() - began < seconds:
        synchronise(device)
        start = time.perf_counter()
        for left, right, out, count in factors:
            for _ in range(count):
                torch.bmm(left, right, out=out)
        synchronise(device)
        best = min(best, time.perf_counter() - start)
    return best
