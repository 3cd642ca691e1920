"""The arithmetic of a step: which matrix products it takes, and how many operations they are.

What is counted is what no implementation can leave out: products forward, and a product for each
factor that needs a gradient. Everything else (activations, normalisation, the optimiser, random
numbers) is linear in the number of units or weights and left out; it costs memory traffic rather
than arithmetic.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Product(NamedTuple):
    """Products of a ``(rows, inner)`` with an ``(inner, columns)`` matrix, forward.

    Attributes
    ----------
    name
        The weight, or what is multiplied.
    rows, inner, columns
        The sizes of the factors.
    count
        How many such products there are.
    gradients
        How many of the two factors need a gradient, 0 to 2; a factor costs one product of the same
        number of operations.
    shared
        Whether the second factor is the same weight in all of them, so that its gradient is one
        product over all rows.
    """

    name: str
    rows: int
    inner: int
    columns: int
    count: int = 1
    gradients: int = 2
    shared: bool = True

    @property
    def forward_flops(self) -> int:
        """Floating-point operations forward; a multiplication and an addition are two."""
        return 2 * self.rows * self.inner * self.columns * self.count

    @property
    def flops(self) -> int:
        """Floating-point operations forward and backward."""
        return self.forward_flops * (1 + self.gradients)

    def backward(self) -> "list[Product]":
        """Return the products that the gradients take; they need no gradients themselves."""
        rows, inner, columns, count = self.rows, self.inner, self.columns, self.count
        to_second = (
            (inner, rows * count, columns, 1) if self.shared else (inner, rows, columns, count)
        )
        sizes = [to_second, (rows, columns, inner, count)][: self.gradients]
        return [Product(f"gradient of {self.name}", *size, gradients=0) for size in sizes]


def flops(products: Iterable[Product]) -> int:
    """Return the floating-point operations of products and of their gradients.

    Parameters
    ----------
    products
        Forward products, as a core's ``products`` or
        :func:`~trilateration.training.step_products` lists them.
    """
    return sum(p.flops for p in products)
