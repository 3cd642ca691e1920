"""The rule by which several checks judge one sentence, and how large a study would decide one."""

import itertools
import math

import numpy as np
import pytest
from bookbuild.verdicts import aggregate, more_units, vote
from hypothesis import given
from hypothesis import strategies as st

from trilateration import claims

VERDICTS = ("holds", "does not hold", "undecided")
BEST_FIRST = ("holds", "holds in part", "undecided", "does not hold")
votes = st.lists(st.sampled_from(VERDICTS), min_size=1)


def test_every_mixture_has_the_verdict_of_the_rule():
    table = {
        (): "not tested",
        ("holds",): "holds",
        ("does not hold",): "does not hold",
        ("undecided",): "undecided",
        ("holds", "does not hold"): "holds in part",
        ("holds", "undecided"): "holds in part",
        ("does not hold", "undecided"): "does not hold",
        VERDICTS: "holds in part",
    }
    mixtures = (c for size in range(4) for c in itertools.combinations(VERDICTS, size))
    assert {mixture: aggregate(mixture) for mixture in mixtures} == table


@given(votes)
def test_order_and_number_of_equal_votes_do_not_matter(cast):
    assert aggregate(cast) == aggregate(reversed(cast)) == aggregate(cast + cast)


@given(votes)
def test_one_vote_against_never_helps_and_one_for_never_harms(cast):
    rank = BEST_FIRST.index(aggregate(cast))
    assert BEST_FIRST.index(aggregate([*cast, "does not hold"])) >= rank
    assert BEST_FIRST.index(aggregate([*cast, "holds"])) <= rank


@given(votes)
def test_the_contrary_of_a_sentence_gets_the_contrary_verdict(cast):
    contrary = aggregate(vote(verdict, against=True) for verdict in cast)
    opinion = aggregate(cast)
    if opinion == "holds":
        assert contrary == "does not hold"
    if set(cast) == {"does not hold"}:
        assert contrary == "holds"
    if opinion == "undecided":
        assert contrary == "undecided"


@pytest.mark.parametrize("verdict", VERDICTS)
def test_turning_a_vote_twice_gives_it_back(verdict):
    assert vote(verdict) == verdict
    assert vote(vote(verdict, against=True), against=True) == verdict


def claim(measured, **keys):
    return claims.make("a-claim", "A.", measured, source="a test", resolution=1e-6, **keys)


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_so_many_units_decide_as_often_as_was_asked(power):
    undecided = claim(0.3, at_least=0, uncertainty=1.0)
    factor, most = more_units(undecided, power)
    assert most == pytest.approx(factor, rel=1e-4)
    half_width = 1.0 / math.sqrt(factor)
    rng = np.random.default_rng(3)
    estimates = rng.normal(0.3, half_width / 1.959964, size=200_000)
    assert np.mean(estimates - half_width > 0) == pytest.approx(power, abs=0.005)


def test_the_nearest_edge_that_the_interval_crosses_counts():
    wide = claim(0.01, expected=0, tolerance=0.02, uncertainty=0.03)
    edge_only = claim(0.01, at_most=0.02, uncertainty=0.03)
    assert more_units(wide) == pytest.approx(more_units(edge_only))
    outside = claim(0.3, expected=0, tolerance=0.1, interval=(0.05, 0.9))
    half_left = claim(0.3, at_most=0.1, uncertainty=0.25)
    assert more_units(outside) == pytest.approx(more_units(half_left))


def test_a_value_on_the_edge_needs_no_finite_number():
    least, most = more_units(
        claims.make("a", "A.", 0.0, source="a", at_least=0, uncertainty=0.01, resolution=0.01)
    )
    assert most == math.inf
    assert least > 4


def test_an_interval_without_an_end_is_closed_by_no_number():
    assert more_units(claim(0.3, at_least=0, interval=(-math.inf, 0.5))) == (math.inf, math.inf)
    other_side = claim(0.3, at_least=0, interval=(-0.1, math.inf))
    assert more_units(other_side)[1] < math.inf


def test_the_range_contains_what_the_unrounded_value_needs():
    exact = claim(0.014, at_least=0, uncertainty=0.03)
    rounded = claims.make(
        "a", "A.", 0.014, source="a", at_least=0, uncertainty=0.03, resolution=0.01
    )
    least, most = more_units(rounded)
    assert least < more_units(exact)[0] < most


def test_a_decided_claim_and_a_power_out_of_range_are_refused():
    with pytest.raises(ValueError, match="claim 'a-claim' must be undecided, got 'holds'"):
        more_units(claim(0.3, at_least=0))
    with pytest.raises(ValueError, match=r"power must be in \[0.5, 1\), got 1"):
        more_units(claim(0.3, at_least=0, uncertainty=1), power=1)
