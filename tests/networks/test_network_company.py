"""Products and functions that give a replicate the same bits alone and in company."""

import numpy as np
import pytest
import torch

from trilateration.networks.company import batched, grouped, whole_vectors


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def draw(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).float()


# Rows, inner and columns: what the authors' network multiplies; results that do not begin at cache
# lines, of which torch sums the first five otherwise by where they begin; one task.
SHAPES = [
    (64, 64, 64), (1280, 64, 24), (63, 16, 5), (49, 48, 6), (352, 11, 5), (11, 352, 3), (9, 768, 9),
    (25, 640, 100), (31, 640, 93), (21, 440, 63), (1408, 25, 1), (1, 25, 40), (7, 3, 5),
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("turned", [False, True])
def test_a_product_is_the_same_in_any_company(shape, turned, threads):
    rows, inner, columns = shape
    a = draw(5, inner, rows).transpose(1, 2) if turned else draw(5, rows, inner)
    b, first = draw(5, inner, columns, seed=1), draw(5, 1, columns, seed=2)
    found, shifted = batched(torch.bmm, a, b), batched(torch.baddbmm, first, a, b)
    exact = a.double() @ b.double()
    torch.testing.assert_close(found.double(), exact, rtol=0, atol=2e-4)
    torch.testing.assert_close(shifted.double(), exact + first, rtol=0, atol=2e-4)
    out = torch.empty_like(found)
    assert batched(torch.bmm, a, b, out=out) is out
    assert torch.equal(out, found)
    for part in (slice(0, 1), slice(3, 4), slice(1, 4)):
        own = [x[part].clone() for x in (first, a, b)]
        assert torch.equal(batched(torch.bmm, *own[1:]), found[part])
        assert torch.equal(batched(torch.baddbmm, *own), shifted[part])


@pytest.mark.parametrize("shape", [(16, 10, 7, 10), (5, 9, 10, 9), (67, 9, 9, 10)], ids=str)
def test_so_are_several_products_a_replicate(shape, threads):
    each, rows, inner, columns = shape
    a = draw(4 * each, rows, inner).requires_grad_()
    b = draw(4 * each, inner, columns)
    found, slope = grouped(torch.bmm, a, b, 4), draw(4 * each, rows, columns)
    torch.testing.assert_close(found, a @ b)
    found.backward(slope)
    for replicate in range(4):
        part = slice(replicate * each, (replicate + 1) * each)
        own = a[part].detach().clone().requires_grad_()
        alone = grouped(torch.bmm, own, b[part].clone(), 1)
        alone.backward(slope[part].clone())
        assert torch.equal(alone, found[part])
        assert torch.equal(own.grad, a.grad[part])


@pytest.mark.parametrize("function", [torch.sigmoid, torch.nn.functional.softplus])
@pytest.mark.parametrize("row", [(16, 20), (37, 5), (101, 300), (3,), ()], ids=str)
def test_so_are_functions_of_numbers(function, row, threads):
    x = 3 * draw(7, *row)
    found = whole_vectors(function, x)
    torch.testing.assert_close(found, function(x))
    for part in (slice(0, 1), slice(2, 3), slice(4, 7)):
        assert torch.equal(whole_vectors(function, x[part].clone()), found[part])


def test_functions_of_numbers_act_in_place_and_on_views(threads):
    x = 3 * draw(5, 30, 7, 13)
    expected = whole_vectors(torch.sigmoid, x[:, 1].contiguous())
    step = x[:, 1]
    assert whole_vectors(torch.sigmoid, step, out=step) is step
    assert torch.equal(x[:, 1], expected)
    scalar = torch.tensor(0.3)
    assert torch.equal(whole_vectors(torch.sigmoid, scalar), torch.sigmoid(scalar))
    assert whole_vectors(torch.sigmoid, torch.empty(0, 3)).shape == (0, 3)


def test_torch_alone_does_not_keep_these_bits():
    """What is mended here is there: else all this could go."""
    x = 3 * draw(4000)
    whole = torch.sigmoid(x)
    rests = [torch.equal(torch.sigmoid(x[:n].clone()), whole[:n]) for n in range(1, 200)]
    a, b = draw(5, 1408, 25), draw(5, 25, 1)
    alone = torch.equal(torch.bmm(a[:1], b[:1]), torch.bmm(a, b)[:1])
    assert not (all(rests) and alone)
