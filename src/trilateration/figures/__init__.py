"""One theme for every figure of the book, and the plots that several chapters share.

Figures are drawn with dark ink on a transparent ground; the site's style sheet inverts their
lightness in dark mode and keeps their hues. Every plot function draws on the ``ax`` it is given and
returns it; none of them computes a result.
"""

from trilateration.figures.calibration import calibration
from trilateration.figures.limits import error_balance, predicted_and_simulated, rows_of_dots
from trilateration.figures.plane import boundary_lines, plane, plane_map, trial
from trilateration.figures.theme import DPI, FAINT, INK, PALETTE, WIDTH, new, show, use_theme

__all__ = [
    "DPI",
    "FAINT",
    "INK",
    "PALETTE",
    "WIDTH",
    "boundary_lines",
    "calibration",
    "error_balance",
    "new",
    "plane",
    "plane_map",
    "predicted_and_simulated",
    "rows_of_dots",
    "show",
    "trial",
    "use_theme",
]
