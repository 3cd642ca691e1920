import pytest

from trilateration.parameters import at_scale, generator


def test_scale_chooses():
    assert at_scale("quick", quick=1, paper=2) == 1
    assert at_scale("paper", quick=1, paper=2) == 2


def test_the_seed_acts():
    assert generator(3).random() == generator(3).random() != generator(4).random()


def test_named_streams_repeat_and_differ():
    draws = {names: generator(3, *names).random() for names in [(), ("a",), ("b",), ("a", "b")]}
    assert len(set(draws.values())) == len(draws)
    assert generator(3, "a").random() == draws["a",]


@pytest.mark.parametrize("seed", [-1, True])
def test_bad_seed_is_named(seed):
    with pytest.raises(ValueError, match=r"^seed must be a whole number >= 0, got"):
        generator(seed)


def test_bad_scale_is_named():
    with pytest.raises(ValueError, match=r"^scale must be one of 'quick', 'paper', got 'big'$"):
        at_scale("big", quick=1, paper=2)
