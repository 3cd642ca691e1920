"""A small picture as an observation: a figure of two discs, drawn with soft edges."""

import numpy as np
from scipy import special

from trilateration._arrays import Scalar
from trilateration._checks import check_count, check_positive
from trilateration.evidence.maps._base import Map

# The two discs, in units of the figure's size: place along its axis, and radius.
_DISCS = ((-0.5, 0.65), (0.65, 0.4))
_SIZE = 0.55  # size at latent 0, in latent units
_GROWTH = 0.5  # log size per latent unit
_TURN = 2.0  # radians per latent unit
_SOFT = 0.05  # rounds the distance to a centre, where it has a kink
_CHUNK = 512  # points drawn at once, so that pictures stay in cache


class SpriteMap(Map):
    """Grey values of a picture of a figure with a body and a head.

    The latent state is position (x_1, x_2), log size (x_3) and rotation (x_4), as many of them as
    there are dimensions: the figure's size is 0.55 e^{x_3/2} and its angle 2 x_4 radians. A pixel
    shows 1 − (1 − B)(1 − H), where body B and head H are Λ((radius − distance)/edge) at its centre.
    Position and angle are unique while the figure is in view and the angle within ± π: within five
    standard deviations of the paper's noise around the box.

    Parameters
    ----------
    dimension
        D: 2, 3 or 4.
    side
        Pixels along an edge; M = side².
    edge
        Width > 0 of the soft edges, in latent units.
    view
        Half-width > 0 of the picture, in latent units.
    """

    def __init__(
        self, dimension: int = 4, *, side: int = 12, edge: Scalar = 0.15, view: Scalar = 1.8
    ):
        if check_count(dimension, "dimension") not in (2, 3, 4):
            raise ValueError(f"dimension must be 2, 3 or 4, got {dimension}")
        check_positive(edge, "edge")
        check_positive(view, "view")
        super().__init__(dimension, check_count(side, "side") ** 2)
        self.side, self.edge, self.view = int(side), float(edge), float(view)
        self._axis = ((np.arange(side) + 0.5) / side * 2 - 1) * self.view
        # Rows from top to bottom, as pictures are shown.
        grid = np.meshgrid(self._axis, self._axis[::-1])
        self._pixels = np.stack(grid, axis=-1).reshape(-1, 2)

    def picture(self, latent: np.ndarray) -> np.ndarray:
        """Return f(x) as pictures, shape ``(..., side, side)``."""
        features = self(latent)
        return features.reshape(*features.shape[:-1], self.side, self.side)

    def _features(self, latents):
        return self._in_chunks(latents, self._draw, ())

    def _jacobian(self, latents):
        return self._in_chunks(latents, self._slopes, (self.dimension,))

    def _in_chunks(self, latents, function, tail):
        rows = latents.reshape(-1, self.dimension)
        out = np.empty((len(rows), self.n_features, *tail), dtype=latents.dtype)
        for start in range(0, len(rows), _CHUNK):
            out[start : start + _CHUNK] = function(rows[start : start + _CHUNK])
        return out.reshape(*latents.shape[:-1], self.n_features, *tail)

    def _figure(self, x):
        """Return the size (point,) and the direction (point, 2) of the figure."""
        if self.dimension > 2:
            size = _SIZE * np.exp(_GROWTH * x[:, 2])
        else:
            size = np.full_like(x[:, 0], _SIZE)
        angle = _TURN * x[:, 3] if self.dimension > 3 else np.zeros_like(x[:, 0])
        return size, np.stack([np.cos(angle), np.sin(angle)], axis=-1)

    def _draw(self, x):
        """Return pixels (point, pixel)."""
        axis = self._axis.astype(x.dtype)
        size, along = self._figure(x)
        empty = np.ones(1, dtype=x.dtype)
        for place, radius in _DISCS:
            centre = x[:, :2] + place * size[:, None] * along
            # A picture's rows share their height and its columns their place: few squares are left.
            across, up = (axis - centre[:, :1]) ** 2, (axis[::-1] - centre[:, 1:]) ** 2
            outside = across[:, None, :] + up[:, :, None]
            outside += x.dtype.type(_SOFT**2)
            np.sqrt(outside, out=outside)
            outside -= radius * size[:, None, None]
            outside /= x.dtype.type(self.edge)
            empty = empty * (1 - 1 / (1 + np.exp(outside, out=outside)))
        return (1 - empty).reshape(len(x), -1)

    def _slopes(self, x):
        """Return the derivatives of the pixels, (point, pixel, dimension)."""
        pixels = self._pixels.astype(x.dtype)
        size, along = self._figure(x)
        empty, change = np.ones(1, dtype=x.dtype), np.zeros(1, dtype=x.dtype)
        for place, radius in _DISCS:
            centre = x[:, :2] + place * size[:, None] * along
            offset = pixels - centre[:, None, :]
            distance = np.sqrt((offset**2).sum(-1) + _SOFT**2)
            filled = special.expit((radius * size[:, None] - distance) / self.edge)
            slope = filled * (1 - filled) / self.edge
            toward = slope[..., None] * offset / distance[..., None]  # d filled / d centre
            part = self._disc_slopes(place, radius, size, along, slope, toward)
            # Product rule for the empty share, 1 − f = (1 − B)(1 − H).
            change = change * (1 - filled)[..., None] + empty[..., None] * part
            empty = empty * (1 - filled)
        return change

    def _disc_slopes(self, place, radius, size, along, slope, toward):
        """Return the derivatives of one disc by every latent coordinate."""
        parts = [toward[..., 0], toward[..., 1]]
        if self.dimension > 2:
            grow = place * (toward * along[:, None, :]).sum(-1) + radius * slope
            parts.append(_GROWTH * size[:, None] * grow)
        if self.dimension > 3:
            across = np.stack([-along[:, 1], along[:, 0]], axis=-1)
            turn = (toward * across[:, None, :]).sum(-1)
            parts.append(_TURN * place * size[:, None] * turn)
        return np.stack(parts, axis=-1)
