"""One network that holds the weights of every architecture of a space."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import nn

from estimator_bench.space import Architecture


class Supernet(nn.Module, ABC):
    """A network whose forward pass follows one architecture, with weights shared by all that agree on a choice."""

    @abstractmethod
    def forward(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        """Class scores (batch, classes) of the sub-network `arch`; only its weights take part in the graph."""
