"""The networks of the macro families.

Source: Radosavovic et al., ICCV 2019, and the authors' library pycls, which trained them: blocks, shortcuts, initial
weights.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import nn

from estimator_bench.layer_costs import Maps
from estimator_bench.space import NetworkRecipe

from .families import Block, Family
from .sizes import STEM_7X7, Sizes, StageSizes, sizes
from .stages import Stages


def build(network: Stages, recipe: NetworkRecipe, family: Family) -> nn.Module:
    """A freshly initialised network: He's normal weights by fan-out in convolutions, small ones in the classifier."""
    along = sizes(network, recipe, family)
    made = StagesNetwork()
    made.add_module("stem", _stem(along, pools=recipe["stem"] == STEM_7X7))
    for number, stage in enumerate(along.stages, start=1):
        made.add_module(f"stage{number}", _stage(family.block, stage))
    linear = nn.Linear(along.features.channels, recipe.classes)
    made.add_module("head", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear))
    for module in made.modules():
        if isinstance(module, nn.Conv2d):
            # Without a division by the groups, as pycls does it.
            nn.init.normal_(module.weight, std=math.sqrt(2 / (module.kernel_size[0] ** 2 * module.out_channels)))
    nn.init.normal_(linear.weight, std=0.01)
    nn.init.zeros_(linear.bias)
    return made


class StagesNetwork(nn.Sequential):
    """Stem, stages of blocks, and head."""

    @property
    def blocks(self) -> list[nn.Module]:
        """Those of all stages."""
        return [block for stage in list(self)[1:-1] for block in cast(nn.Sequential, stage)]


class Residual(nn.Module):
    """A body beside a shortcut, with a 1x1 convolution where the size changes.

    Of stride 2 this convolution is computed from every other row and column. A strided one, see `networks.placement`,
    rounds differently in some networks, and the tables that are shipped come from this one.
    """

    def __init__(self, source: Maps, target: Maps, body: nn.Module) -> None:
        super().__init__()
        self.body, self.stride = body, source.height // target.height
        self.shortcut = (
            nn.Identity() if source == target else nn.Sequential(*_conv_norm(source.channels, target.channels, 1))
        )
        self.relu = nn.ReLU()

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps of the size before become maps of the size behind."""
        seen = maps if self.stride == 1 else maps[:, :, :: self.stride, :: self.stride]
        return cast(torch.Tensor, self.relu(self.shortcut(seen) + self.body(maps)))


def _stem(along: Sizes, *, pools: bool) -> nn.Module:
    layers: list[nn.Module] = []
    for kernel, stride, source, target in along.stem:
        layers += [*_conv_norm(source.channels, target.channels, kernel, stride), nn.ReLU()]
    return nn.Sequential(*layers, *([nn.MaxPool2d(3, stride=2, padding=1)] if pools else []))


def _stage(block: Block, stage: StageSizes) -> nn.Module:
    first = _block(block, stage.source, stage.target, stage)
    return nn.Sequential(first, *(_block(block, stage.target, stage.target, stage) for _ in range(stage.depth - 1)))


def _block(block: Block, source: Maps, target: Maps, stage: StageSizes) -> nn.Module:
    before, behind, stride = source.channels, target.channels, source.height // target.height
    if block == "bottleneck":
        inner = stage.inner
        body = [
            *_conv_norm(before, inner, 1),
            nn.ReLU(),
            *_conv_norm(inner, inner, 3, stride, stage.groups),
            nn.ReLU(),
            *_conv_norm(inner, behind, 1),
        ]
    elif block == "basic":
        body = [*_conv_norm(before, behind, 3, stride), nn.ReLU(), *_conv_norm(behind, behind, 3)]
    else:
        body = [*_conv_norm(before, behind, 3, stride), nn.ReLU()]
        for _ in range(stage.plain_convs - 1):
            body += [*_conv_norm(behind, behind, 3), nn.ReLU()]
        return nn.Sequential(*body)
    return Residual(source, target, nn.Sequential(*body))


def _conv_norm(before: int, behind: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(before, behind, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(behind)]
