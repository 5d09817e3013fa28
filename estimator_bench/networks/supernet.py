"""One network that holds the weights of every architecture of a space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import torch
from torch import nn

from estimator_bench.space import Architecture

Norm: TypeAlias = Callable[[int], nn.Module]
"""Makes a normalisation for so many channels."""

BATCH_NORM = partial(nn.BatchNorm2d, track_running_stats=False)
"""Normalisation by the statistics of the batch, in evaluation too: running averages would mix those of different
architectures."""

SHARED_NORM = partial(BATCH_NORM, affine=False)
"""The same inside of what architectures choose, without scale and shift: shared ones hurt the ranking (Ning et al.,
"Evaluating Efficient Performance Estimators of Neural Architectures", NeurIPS 2021)."""


class Supernet(nn.Module, ABC):
    """A network whose forward pass follows one architecture, with weights shared by all that agree on a choice."""

    @abstractmethod
    def forward(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Class scores (batch, classes) of the sub-network `arch`; only its weights take part in the graph."""
