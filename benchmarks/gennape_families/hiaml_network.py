"""The networks of HiAML as modules; `hiaml_layout` says which layers they have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import cast

import torch
from torch import nn

from estimator_bench.space import NetworkRecipe

from .hiaml import HiAml
from .hiaml_layout import Place, places, stem
from .modules import classifier, row


class HiAmlNetwork(nn.Sequential):
    """The network of one architecture: class scores (batch, classes) of images (batch, channels, height, width)."""

    def __init__(self, network: HiAml, recipe: NetworkRecipe) -> None:
        where = list(places(network, recipe))
        super().__init__(row(stem(recipe)), *map(BlockModule, where), classifier(where[-1].outputs, recipe.classes))

    @property
    def blocks(self) -> list[nn.Module]:
        """Those of the stages."""
        return list(self)[1:-1]


class BlockModule(nn.Module):
    """One block: its steps, each of which reads the sum of earlier ones, and a ReLU of the sum of the last ones."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.block = place.block
        self.steps = nn.ModuleList(map(row, place.rows))
        self.activation = nn.ReLU()

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps of the size before become maps of the size behind."""
        behind = [maps]
        for step, module in zip(self.block.steps, self.steps, strict=True):
            behind.append(module(_sum(behind, step.reads)))
        return cast(torch.Tensor, self.activation(_sum(behind, self.block.adds)))


def _sum(behind: Sequence[torch.Tensor], places: Iterable[int]) -> torch.Tensor:
    return reduce(torch.add, [behind[place] for place in places])
