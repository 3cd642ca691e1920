"""The counts of arithmetic against the operations that torch is seen to do."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from trilateration.networks import Product, flops
from trilateration.training import Configuration, protocol, step_products, untrained

SMALL = protocol("authors", batch=3, stimulus_steps=5)


def counted(configuration):
    """Return the operations of one step of one network, as torch counts them."""
    ensemble, worlds = untrained([configuration])
    own = configuration.protocol
    with FlopCounterMode(display=False) as counter:
        batch = worlds.trials(own.batch)
        hidden = ensemble.states(batch.features, own.cue_steps)
        readouts = ensemble.heads(hidden)
        readouts.backward(torch.ones_like(readouts))
    return counter.get_total_flops()


@pytest.mark.parametrize("observation", ["relu", "identity"])
@pytest.mark.parametrize(
    ("architecture", "options"),
    [
        ("rnn", {}),
        ("rnn", {"alpha": 0.5}),
        ("integrator", {}),
        ("lstm", {}),
        ("feedforward", {}),
        ("transformer", {"n_layers": 2, "n_heads": 4}),
        ("transformer", {"positions": True}),
        ("state-space", {}),
    ],
)
def test_a_step_takes_the_operations_that_are_counted(architecture, options, observation):
    configuration = Configuration(
        architecture, 7, n_units=8, options=options, observation=observation, protocol=SMALL
    )
    assert flops(step_products(configuration)) == counted(configuration)


def test_a_gru_could_do_without_the_forward_product_with_its_first_state():
    configuration = Configuration("gru", 7, n_units=8, protocol=SMALL)
    first = Product("recurrent", SMALL.batch, 8, 24, gradients=0)  # the state is a constant
    assert counted(configuration) == flops(step_products(configuration)) + first.flops


def test_gradients_take_as_many_operations_as_products_forward():
    for product in (
        Product("weight", 3, 5, 7, count=11),
        Product("frozen input", 3, 5, 7, gradients=1),
        Product("attention", 3, 5, 7, count=11, shared=False),
    ):
        backward = product.backward()
        assert len(backward) == product.gradients
        assert sum(p.flops for p in backward) == product.flops - product.forward_flops


def test_the_authors_network_takes_24_million_operations_a_step():
    # Encoder 2·320·(2·100 + 100·100 + 100·40), input 2·2·352·40·64, recurrence 3·2·336·64², heads
    # 3·2·352·64·24: counted by hand.
    assert flops(step_products(Configuration())) == 9_088_000 + 3_604_480 + 8_257_536 + 3_244_032
