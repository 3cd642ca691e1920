"""The shape of what networks do: their dynamics under constant input, and their codes.

*Dynamics.* :class:`RateDynamics` is one step of trained rate networks with the input held still;
:func:`slow_points` finds where it hardly moves and :func:`attractors` where it ends;
:func:`spectra` and :func:`time_constants` say how fast it returns there. :func:`rest` runs networks
on after the stimulus has stopped. :func:`hold_by_hand` sets weights so that a state holds the
evidence. In other worlds than the paper's, :func:`codes_of` sets networks beside the ideal observer
of their own trials (:func:`ideal_probits`), and :func:`world_scores` decodes both. These need the
extra ``networks`` (torch), and are imported when they are first used.

*Representations.* A code is an array with one row a trial and one column a unit. These see only
distances between trials, and are blind to rotations of the code: :func:`axis_angles`,
:func:`ccgp` and :func:`parallelism`, :func:`participation_ratio`, :func:`linear_and_nonlinear`, and
the similarities :func:`linear_cka`, :func:`distance_correlation` and :func:`procrustes`. These
depend on which units the code has: :func:`dci`, :func:`infomec`, :func:`sparseness`,
:func:`unit_tuning` and :func:`axis_alignment`. Each docstring says where the measure comes from,
its range and its traps; :func:`profile` is all that have one number a network.

*Failures.* :mod:`~trilateration.geometry.atlas` holds what goes wrong for ideal observers and
their readers, each with its cure; :func:`network_symptoms` is what one can see of networks, and
:func:`signatures` how far each fault moves it.

*Unknown factors.* How many factors reports move along: :func:`count_factors` against the law of
random matrices, :func:`parallel_analysis`, :func:`cross_validated_rank`; whether there are enough
tasks to tell: :func:`left_out_transfer` and :func:`enough_tasks`. :func:`rank_by_spectrum` is not
told the noise, :func:`rank_by_streams` is not deceived by bends; :func:`hermite_variances` has
what bends add. :func:`blind_networks` tests them,
:func:`blind_pairs` and :func:`stream_networks` with two streams.

*Without labels.* :func:`unlabelled_codes` codes the same trials by :data:`ROUTES` that see no
label, :func:`route_scores` sets them beside the networks, :func:`twisted` is why they may fail.

*Recordings.* :class:`Neurons` spike at rates set by a state. :func:`shared_errors`,
:func:`held_out_distances`, :func:`slope_growth` and :func:`encoding_cosine` are what one could
compute from a recording; :func:`shared_errors_session` and its like simulate one, with this or that
theory true.
"""

import importlib

from trilateration.geometry import atlas
from trilateration.geometry._of_networks import OF_NETWORKS
from trilateration.geometry.abstraction import (
    Dichotomies,
    balanced_dichotomies,
    ccgp,
    dichotomy_accuracy,
    mean_code,
    orthant_conditions,
    parallelism,
    shuffled_geometry,
)
from trilateration.geometry.angles import (
    axis_angles,
    encoding_axes,
    random_angle_pdf,
    random_angle_sd,
    right_angle_p_value,
    task_angle_sd,
)
from trilateration.geometry.atlas import (
    Outcome,
    Outcomes,
    outcomes,
)
from trilateration.geometry.bent_codes import (
    bent_covariance,
    hermite_variances,
)
from trilateration.geometry.diagnosis import (
    EXPLANATIONS,
    FAILURES,
    Answers,
    Behaviour,
    Data,
    Diagnosis,
    Explanation,
    Finding,
    Trials,
    diagnose,
)
from trilateration.geometry.dimensionality import (
    Sparseness,
    participation_ratio,
    sparseness,
)
from trilateration.geometry.disentanglement import (
    DCI,
    InfoMEC,
    dci,
    infomec,
)
from trilateration.geometry.enough_tasks import (
    EnoughTasks,
    enough_tasks,
    only_witnesses,
    rank_curve,
    run_needed,
)
from trilateration.geometry.examples import (
    EXAMPLES,
    example_code,
)
from trilateration.geometry.factors import (
    Factors,
    count_factors,
    cross_validated_rank,
    expected_transfer,
    least_visible,
    left_out_transfer,
    noise_edge,
    parallel_analysis,
    seen_eigenvalue,
)
from trilateration.geometry.nonlinear import (
    Decoding,
    linear_and_nonlinear,
)
from trilateration.geometry.profiles import (
    Profile,
    profile,
    profile_table,
)
from trilateration.geometry.recorded import (
    Growth,
    HeldOut,
    SharedErrors,
    encoding_cosine,
    held_out_distances,
    shared_errors,
    slope_growth,
)
from trilateration.geometry.sessions import (
    ANGLE_TRUTHS,
    BLOCK_TRUTHS,
    QUADRANT_TRUTHS,
    SHARED_TRUTHS,
    angle_sessions,
    block_session,
    growth_session,
    quadrant_session,
    shared_errors_session,
)
from trilateration.geometry.similarity import (
    Alignment,
    distance_correlation,
    linear_cka,
    procrustes,
)
from trilateration.geometry.spikes import (
    InformationLimit,
    Neurons,
    draw_neurons,
    errors_given_position,
    information_limit,
    ring_positions,
    shuffled_repeats,
    unbiased_estimates,
)
from trilateration.geometry.tuning import (
    UnitTuning,
    axis_alignment,
    unit_tuning,
)
from trilateration.geometry.unknown_dimension import (
    SpectrumRank,
    StreamRank,
    detection_probability,
    nearest_neighbour_dimension,
    noisy_transfer,
    rank_by_spectrum,
    rank_by_streams,
    strength_of_eigenvalue,
)
from trilateration.geometry.wrong import (
    flipped_reports,
    unflipped_reports,
)

__all__ = [
    "ANGLE_TRUTHS",
    "BLOCK_TRUTHS",
    "CODES",
    "DCI",
    "ESTIMATORS",
    "EXAMPLES",
    "EXPLANATIONS",
    "FAILURES",
    "PAIR_ESTIMATORS",
    "QUADRANT_TRUTHS",
    "ROUTES",
    "SHARED_TRUTHS",
    "SYMPTOMS",
    "Alignment",
    "Answers",
    "Attractors",
    "Behaviour",
    "Case",
    "Codes",
    "Data",
    "Decoding",
    "Diagnosis",
    "Dichotomies",
    "EnoughTasks",
    "Explanation",
    "Factors",
    "Finding",
    "Growth",
    "HeldOut",
    "InfoMEC",
    "InformationLimit",
    "Leak",
    "Neurons",
    "Outcome",
    "Outcomes",
    "PrincipalAxes",
    "ProbitPaths",
    "Profile",
    "RateDynamics",
    "Relaxation",
    "SeenCase",
    "SharedErrors",
    "SlowPoints",
    "Sparseness",
    "SpectrumRank",
    "StreamRank",
    "Trials",
    "UnitTuning",
    "angle_sessions",
    "atlas",
    "attractors",
    "axis_alignment",
    "axis_angles",
    "balanced_dichotomies",
    "bent_covariance",
    "blind_networks",
    "blind_pairs",
    "block_session",
    "broken",
    "ccgp",
    "codes_of",
    "component_codes",
    "count_factors",
    "cross_validated_rank",
    "dci",
    "detection_probability",
    "diagnose",
    "dichotomy_accuracy",
    "distance_correlation",
    "distinct_points",
    "draw_neurons",
    "encoding_axes",
    "encoding_cosine",
    "enough_tasks",
    "errors_given_position",
    "estimate_factors",
    "exact_reports_score",
    "examine",
    "example_code",
    "expected_stream_rank",
    "expected_transfer",
    "factor_strengths",
    "fitted_weights",
    "flipped_reports",
    "flips_taken_out",
    "grid_probits",
    "growth_session",
    "healthy",
    "held_out_distances",
    "hermite_variances",
    "hold_by_hand",
    "ideal_probits",
    "infomec",
    "information_limit",
    "least_visible",
    "left_out_transfer",
    "linear_and_nonlinear",
    "linear_cka",
    "matched_correlation",
    "mean_code",
    "mean_lag",
    "measured_slopes",
    "nearest_neighbour_dimension",
    "network_shared_errors",
    "network_symptoms",
    "network_weights",
    "noise_edge",
    "noisy_reports",
    "noisy_transfer",
    "only_witnesses",
    "orthant_conditions",
    "outcomes",
    "paired",
    "paired_reports",
    "parallel_analysis",
    "parallelism",
    "participation_ratio",
    "principal_axes",
    "probit_paths",
    "probit_slopes",
    "procrustes",
    "profile",
    "profile_table",
    "quadrant_session",
    "random_angle_pdf",
    "random_angle_sd",
    "rank_by_spectrum",
    "rank_by_streams",
    "rank_curve",
    "renewed_heads",
    "rest",
    "right_angle_p_value",
    "ring_positions",
    "ring_spikes",
    "route_scores",
    "run_needed",
    "seen_cases",
    "seen_eigenvalue",
    "seen_readings",
    "shared_errors",
    "shared_errors_session",
    "shuffled_geometry",
    "shuffled_repeats",
    "signatures",
    "slope_growth",
    "slow_points",
    "sparseness",
    "spectra",
    "state_gain",
    "stream_networks",
    "strength_of_eigenvalue",
    "sufficient_mean",
    "summary",
    "symmetry_leak",
    "task_angle_sd",
    "time_constants",
    "timing_scores",
    "twisted",
    "twisted_r2",
    "unbiased_estimates",
    "unflipped_reports",
    "unit_tuning",
    "unlabelled_codes",
    "untrained_codes",
    "world_scores",
]


def __getattr__(name: str) -> object:
    """Import what needs torch when it is first asked for."""
    if name in OF_NETWORKS:
        module = importlib.import_module(f"trilateration.geometry.{OF_NETWORKS[name]}")
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
