"""Networks as ensembles: the first axis is the replicate, and no replicate sees its neighbours.

An :class:`Ensemble` is an input map, a core and task heads. The core is the architecture
(:func:`architectures` lists them, :class:`Core` says how to add one, :func:`from_module` takes a
``torch.nn.Module`` as it is); the head's link, logistic or probit, is crossed with it. This room
needs the extra ``networks`` (torch).
"""

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "trilateration.networks needs torch: pip install 'trilateration[networks]'", name="torch"
    ) from error

from trilateration.networks.arithmetic import Product, flops
from trilateration.networks.attention import StateSpace, Transformer
from trilateration.networks.autoencoders import Autoencoders, Matchers, gaussian_kl
from trilateration.networks.core import Core, architecture, architectures, make_core
from trilateration.networks.encoders import Encoders, FixedMaps
from trilateration.networks.ensemble import Activity, Ensemble, from_module
from trilateration.networks.heads import LINKS, Heads, LogisticLink, ProbitLink
from trilateration.networks.layers import PRECISIONS, affine, product, uniform
from trilateration.networks.recurrent import GRU, LSTM, Integrator, Memoryless, RateNetwork

__all__ = [
    "GRU",
    "LINKS",
    "LSTM",
    "PRECISIONS",
    "Activity",
    "Autoencoders",
    "Core",
    "Encoders",
    "Ensemble",
    "FixedMaps",
    "Heads",
    "Integrator",
    "LogisticLink",
    "Matchers",
    "Memoryless",
    "ProbitLink",
    "Product",
    "RateNetwork",
    "StateSpace",
    "Transformer",
    "affine",
    "architecture",
    "architectures",
    "flops",
    "from_module",
    "gaussian_kl",
    "make_core",
    "product",
    "uniform",
]
