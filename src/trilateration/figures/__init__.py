"""One theme for every figure of the book, and the plots that several chapters share.

Figures are drawn with dark ink on a transparent ground; the site's style sheet inverts their
lightness in dark mode and keeps their hues. Every plot function draws on the ``ax`` it is given and
returns it; none of them computes a result.
"""

from trilateration.figures.calibration import (
    calibration,
)
from trilateration.figures.comparison import (
    Estimates,
    panel_each,
    rows_with_bars,
)
from trilateration.figures.costs import (
    cost_curves,
    costs_along_a_line,
    predicted_against_measured,
    score_for_cost,
    shares,
)
from trilateration.figures.embedded import (
    embed,
    on_grid,
)
from trilateration.figures.factors import (
    counted_right,
    guesses,
    plateaus,
    spectra,
    transfer,
)
from trilateration.figures.failures import (
    fault_and_cure,
    signature_table,
)
from trilateration.figures.limits import (
    error_balance,
    predicted_and_simulated,
    rows_of_dots,
)
from trilateration.figures.maps import (
    error_ellipses,
    pictures,
    sheet,
)
from trilateration.figures.networks import (
    log_steps,
    network_curves,
    reference_curves,
    reports_over_time,
    sheets,
)
from trilateration.figures.placement import (
    error_ellipse,
    error_strips,
    spectrum,
    task_set,
)
from trilateration.figures.plane import (
    boundary_lines,
    plane,
    plane_map,
    trial,
)
from trilateration.figures.position import (
    fixes,
    lattice,
    planes,
    space,
)
from trilateration.figures.recordings import (
    decoding_errors,
    equal_confidence,
    reading_weights,
    rejection_rows,
    tracked,
)
from trilateration.figures.representations import (
    angle_law,
    code_grid,
    effect_rows,
    network_rows,
    similarity_table,
    tuning_maps,
)
from trilateration.figures.shifts import (
    against_shift,
    read_grid,
)
from trilateration.figures.statistics import (
    forest,
    needed_tasks,
    performance_profiles,
)
from trilateration.figures.theme import (
    DPI,
    FAINT,
    INK,
    PALETTE,
    WIDTH,
    new,
    show,
    use_theme,
)
from trilateration.figures.training import (
    labelled_means,
    learning_curves,
    read_distances,
    unit_and_zero,
    weight_growth,
)
from trilateration.figures.worlds import (
    response_law,
    rulers,
    tasks_per_axis,
    unexplained,
)

__all__ = [
    "DPI",
    "FAINT",
    "INK",
    "PALETTE",
    "WIDTH",
    "Estimates",
    "against_shift",
    "angle_law",
    "boundary_lines",
    "calibration",
    "code_grid",
    "cost_curves",
    "costs_along_a_line",
    "counted_right",
    "decoding_errors",
    "effect_rows",
    "embed",
    "equal_confidence",
    "error_balance",
    "error_ellipse",
    "error_ellipses",
    "error_strips",
    "fault_and_cure",
    "fixes",
    "forest",
    "guesses",
    "labelled_means",
    "lattice",
    "learning_curves",
    "log_steps",
    "needed_tasks",
    "network_curves",
    "network_rows",
    "new",
    "on_grid",
    "panel_each",
    "performance_profiles",
    "pictures",
    "plane",
    "plane_map",
    "planes",
    "plateaus",
    "predicted_against_measured",
    "predicted_and_simulated",
    "read_distances",
    "read_grid",
    "reading_weights",
    "reference_curves",
    "rejection_rows",
    "reports_over_time",
    "response_law",
    "rows_of_dots",
    "rows_with_bars",
    "rulers",
    "score_for_cost",
    "shares",
    "sheet",
    "sheets",
    "show",
    "signature_table",
    "similarity_table",
    "space",
    "spectra",
    "spectrum",
    "task_set",
    "tasks_per_axis",
    "tracked",
    "transfer",
    "trial",
    "tuning_maps",
    "unexplained",
    "unit_and_zero",
    "use_theme",
    "weight_growth",
]
