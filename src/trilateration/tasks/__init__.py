"""Classification tasks: boundaries in latent space and the labels they give.

Flat ones are :class:`Boundaries`, and what most of the book is about; :class:`Circles` and
:class:`Products` have the same methods and are there to be compared.
"""

from trilateration.tasks.curved import (
    Circles,
    Products,
    random_circles,
    turned_crosses,
)
from trilateration.tasks.flat import (
    Boundaries,
    concurrent_hyperplanes,
    correlated_hyperplanes,
    distant_hyperplanes,
    evenly_spaced_lines,
    near_parallel_lines,
    random_hyperplanes,
    validate_labels,
)

__all__ = [
    "Boundaries",
    "Circles",
    "Products",
    "concurrent_hyperplanes",
    "correlated_hyperplanes",
    "distant_hyperplanes",
    "evenly_spaced_lines",
    "near_parallel_lines",
    "random_circles",
    "random_hyperplanes",
    "turned_crosses",
    "validate_labels",
]
