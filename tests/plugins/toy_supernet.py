"""A supernet for the space `toy`: the layers of the stacks, each held once for all of them."""

from __future__ import annotations

import torch
from torch import nn

from estimator_bench import Architecture, NetworkRecipe, Supernet

KERNELS = {1: 1, 2: 3}
"""By operation; the other one is no layer."""


class ToySupernet(Supernet):
    """What `ToySpace.build` builds, normalised by the batch in training and evaluation."""

    def __init__(self, recipe: NetworkRecipe, layers: int = 4) -> None:
        super().__init__()
        width = recipe["width"]
        self.stem = nn.Conv2d(recipe.input_shape[0], width, 1, bias=False)
        self.layers = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(width, width, kernel, padding=kernel // 2) for kernel in KERNELS.values())
            for _ in range(layers)
        )
        self.norm = nn.BatchNorm2d(width, affine=False, track_running_stats=False)
        self.head = nn.Linear(width, recipe.classes)

    def forward(self, images: torch.Tensor, arch: Architecture) -> torch.Tensor:
        maps = self.stem(images)
        for op, options in zip(arch.ops, self.layers, strict=True):  # type: ignore[attr-defined]
            if op:
                maps = self.norm(options[op - 1](maps.relu()))
        logits: torch.Tensor = self.head(maps.mean(dim=(2, 3)))
        return logits
