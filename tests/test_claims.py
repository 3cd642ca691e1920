import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilateration import claims

SOURCE = dict(statement="A statement.", source="a test")
numbers = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)


def make(measured, **kwargs):
    return claims.make("a-claim", measured=measured, **SOURCE, **kwargs)


@given(measured=numbers, expected=numbers, tolerance=st.floats(1e-4, 1e4))
def test_two_sided_verdict_is_the_inequality(measured, expected, tolerance):
    claim = make(measured, expected=expected, tolerance=tolerance)
    holds = expected - tolerance <= measured <= expected + tolerance
    assert (claim.verdict == "holds") == holds


def test_one_sided_verdicts():
    assert make(3.2e-15, at_most=1e-10).verdict == "holds"
    assert make(0.4, at_least=0.5).verdict == "does not hold"
    assert make(0.7, at_least=0.5, at_most=0.6).verdict == "does not hold"
    assert make(0.55, at_least=0.5, at_most=0.6).verdict == "holds"


@pytest.mark.parametrize(
    "kwargs",
    [
        dict(measured=0.04, at_most=0, resolution=0.1),
        dict(measured=0.0951, at_least=0.1),
        dict(measured=3.8949, at_most=3.8906, resolution=0.01),
    ],
)
def test_rounding_never_decides(kwargs):
    assert make(**kwargs).verdict == "does not hold"


def test_an_uncertainty_is_never_rounded_away():
    claim = make(0.03049, at_most=0.03, uncertainty=0.0004)
    assert claim.verdict == "does not hold"
    assert claim.measured_text == "0.0305 ± 0.0004"
    coarse = make(0.97601, at_least=0.5, uncertainty=0.0001, resolution=0.001)
    assert coarse.measured_text == "0.976 ± 0.001"


def test_an_interval_across_the_edge_is_undecided():
    assert make(0.9, at_most=1.0, uncertainty=0.05).verdict == "holds"
    assert make(0.9, at_most=1.0, uncertainty=0.2).verdict == "undecided"
    assert make(1.1, at_most=1.0, uncertainty=0.2).verdict == "undecided"
    assert make(1.3, at_most=1.0, uncertainty=0.2).verdict == "does not hold"


@given(noise=st.floats(-1e-13, 1e-13))
def test_the_line_does_not_show_the_last_digits_of_a_machine(noise):
    reference = make(0.12345678, expected=0.1, tolerance=0.05)
    assert make(0.12345678 + noise, expected=0.1, tolerance=0.05).line == reference.line


def test_lines_read_as_a_person_would_write_them():
    assert make(0.00123, expected=0, tolerance=0.002, uncertainty=0.0004).line == (
        "[holds] a-claim: measured 0.0012 ± 0.0004, wanted 0 ± 0.002"
    )
    assert make(3e-16, at_most=1e-10).line == (
        "[holds] a-claim: measured below 1e-11, wanted at most 1e-10"
    )
    assert make(17.26, expected=17, tolerance=1, unit="s").line == (
        "[holds] a-claim: measured 17.3 s, wanted 17 ± 1"
    )


@given(measured=numbers, bound=numbers)
def test_json_round_trip(measured, bound):
    claim = make(measured, at_least=bound, resolution=0.01)
    assert claims.Claim.from_json(json.loads(json.dumps(claim.to_json()))) == claim
    assert claim.high == math.inf


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (
            dict(measured=math.nan, at_most=1),
            "measured of claim 'a-claim' must be one finite number",
        ),
        (dict(measured=1, at_most=0), "resolution of claim 'a-claim' must be given where the bo"),
        (dict(measured=1), "must be either expected and tolerance, or at_most"),
        (dict(measured=1, expected=1), "must be either expected and tolerance, or at_most"),
        (dict(measured=1, expected=1, tolerance=1, at_most=2), "must be either expected and"),
        (dict(measured=1, expected=1, tolerance=-1), "tolerance of claim 'a-claim' must be pos"),
        (dict(measured=1, at_least=2, at_most=1), "at_least of claim 'a-claim' must not exceed"),
        (dict(measured=1, at_most=2, resolution=0), "resolution of claim 'a-claim' must be pos"),
    ],
)
def test_bad_conditions_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        make(**kwargs)


def test_intervals_make_the_verdict_and_are_told():
    inside = make(0.05, at_least=0, interval=(0.012, 0.09), resolution=0.01)
    assert inside.line == "[holds] a-claim: measured 0.05 [0.01, 0.09], wanted at least 0"
    assert make(0.05, at_least=0, interval=(-0.01, 0.1), resolution=0.01).verdict == "undecided"
    below = make(-0.05, at_least=0, interval=(-math.inf, -0.01), resolution=0.01)
    assert below.verdict == "does not hold"
    assert below.measured_text == "-0.05 [−∞, -0.01]"
    same = make(0.0, expected=0, tolerance=0.02, interval=(-0.011, 0.011))
    assert (same.verdict, same.measured_text) == ("holds", "0 [-0.011, 0.011]")


def test_a_planned_finding_is_the_verdict():
    for finding, verdict in claims.FINDINGS.items():
        claim = make(0.05, at_least=0, interval=(0.01, 0.1), finding=finding, resolution=0.01)
        assert claim.verdict == verdict
        assert claim.line.startswith(f"[{finding}] a-claim")


@given(measured=numbers, ends=st.tuples(*[st.floats(0, 1e6) | st.just(math.inf)] * 2))
def test_json_round_trip_of_intervals(measured, ends):
    interval = (measured - ends[0], measured + ends[1])
    claim = make(measured, at_least=0, interval=interval, finding="supported", resolution=0.01)
    assert claims.Claim.from_json(json.loads(json.dumps(claim.to_json()))) == claim


def test_bad_intervals_and_findings_are_named():
    with pytest.raises(ValueError, match="interval of claim 'a-claim' must contain"):
        make(1, at_least=0, interval=(2, 3), resolution=0.1)
    with pytest.raises(ValueError, match="an interval or an uncertainty, got both"):
        make(1, at_least=0, interval=(0, 3), uncertainty=1, resolution=0.1)
    with pytest.raises(ValueError, match=r"must be one of 'supported', .* got 'maybe'"):
        make(1, at_least=0, finding="maybe", resolution=0.1)


@pytest.mark.parametrize("name", ["", "Two Words", "trailing-", "under_score"])
def test_bad_names_are_named(name):
    with pytest.raises(ValueError, match="name must be lower-case words"):
        claims.make(name, measured=1, at_most=2, **SOURCE)


def test_glue_refuses_unrounded_fractions():
    with pytest.raises(ValueError, match="resolution of 'x' must be given"):
        claims.glue("x", 0.1234)


def test_claims_are_found_in_a_notebook():
    claim = make(1.0, at_most=2)
    cell = {
        "outputs": [
            {"data": {"text/plain": claim.line}, "metadata": {claims.CLAIM_KEY: claim.to_json()}}
        ]
    }
    notebook = {"cells": [{"cell_type": "markdown"}, cell]}
    assert list(claims.claims_in(notebook)) == [(1, claim)]
