"""Training of ensembles: what is asked when, the worlds, the descent, checkpoints.

:class:`Configuration` says all about one network; :func:`train` takes several that can share an
ensemble and returns a :class:`TrainedEnsemble`; :func:`record` runs it on new trials.
:func:`train_autoencoders` and :func:`train_matchers` are for networks that never see a label.
"""

from trilateration.training.checkpoints import load_checkpoint, save_checkpoint, write_whole
from trilateration.training.configuration import (
    NOISES,
    OBSERVATIONS,
    TASKS,
    Configuration,
    check_packs,
    noise_of,
)
from trilateration.training.loop import (
    DivergenceWarning,
    TrainedEnsemble,
    choose_device,
    descent,
    step_products,
    train,
    untrained,
)
from trilateration.training.protocols import PROTOCOLS, Protocol, protocol
from trilateration.training.recordings import Recording, record
from trilateration.training.unsupervised import (
    TrainedUnlabelled,
    train_autoencoders,
    train_matchers,
)
from trilateration.training.worlds import Batch, Worlds, boundaries_of

__all__ = [
    "NOISES",
    "OBSERVATIONS",
    "PROTOCOLS",
    "TASKS",
    "Batch",
    "Configuration",
    "DivergenceWarning",
    "Protocol",
    "Recording",
    "TrainedEnsemble",
    "TrainedUnlabelled",
    "Worlds",
    "boundaries_of",
    "check_packs",
    "choose_device",
    "descent",
    "load_checkpoint",
    "noise_of",
    "protocol",
    "record",
    "save_checkpoint",
    "step_products",
    "train",
    "train_autoencoders",
    "train_matchers",
    "untrained",
    "write_whole",
]
