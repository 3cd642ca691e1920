"""Train an ensemble: one step of the descent for all replicates is one tensor program."""

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from tqdm.auto import tqdm

from trilateration._checks import check_at_least, check_choice, check_count
from trilateration.networks import Ensemble, Product
