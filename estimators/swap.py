"""swap: how many ways of switching on and off for a few images there are among the ReLU units of a network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from estimator_bench import RECTIFIERS, NetworkPasses, UsageError, ZeroCostEstimator, reinitialise

MOST_IMAGES = 20
"""There is a place in memory for every pattern that is possible."""


@dataclass(frozen=True)
class Swap(ZeroCostEstimator):
    """Number of distinct patterns of ReLU units over `images` images, the mean of `repeats` draws of N(0, 1) weights.

    The pattern of a unit says for which images it is on. Every call of a ReLU or ReLU6 module on maps counts, one unit
    per channel and pixel, in dead branches too; the public program looks at ReLUs alone, and has no score for networks
    of ReLU6. Train mode; biases and offsets 0, factors of normalisation 1. Range [1, 2^images] or up to the number
    of units, which is less in small networks; 0 for a network without such modules, NaN where a unit is NaN.

    With `mu` and `sigma`, times exp(-(P - mu)^2 / sigma) for P thousand parameters, the regularised form. The paper
    chooses both by the size that is looked for.

    Args:
        repeats: draws of weights; 32 as published.
        images: the first so many of the batch; 16 as published.
        mu: thousands of parameters that are best.
        sigma: how little others are punished; not at all by default.
    """

    repeats: int = 32
    images: int = 16
    mu: float = 0.0
    sigma: float = math.inf

    name: ClassVar[str] = "swap"
    citation: ClassVar[str] = "Peng et al., SWAP-NAS, ICLR 2024 (github.com/pym1024/SWAP)"

    def __post_init__(self) -> None:
        if self.repeats < 1 or not 1 <= self.images <= MOST_IMAGES or not self.sigma > 0:
            raise UsageError(
                f"swap needs at least 1 repeat, 1 to {MOST_IMAGES} images and a positive sigma, not "
                f"{self.repeats}, {self.images} and {self.sigma}"
            )

    @property
    def least_images(self) -> int:
        """As many as it is told."""
        return self.images

    @torch.no_grad()
    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        network, images = passes.fresh_network().train(), passes.inputs[: self.images]
        seen = torch.zeros(2 ** len(images), dtype=torch.bool, device=images.device)
        known = True

        def note(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
            nonlocal known
            if output.dim() == 4:
                seen[_patterns(output)] = True
                known = known and not output.isnan().any()

        for module in network.modules():
            if isinstance(module, RECTIFIERS):
                module.register_forward_hook(note)
        count = 0
        for _ in range(self.repeats):
            seen.zero_()
            reinitialise(network, "normal")
            network(images)
            count += int(seen.sum())
        if not known:
            return math.nan
        thousands = sum(parameter.numel() for parameter in network.parameters()) / 1000
        return count / self.repeats * math.exp(-((thousands - self.mu) ** 2) / self.sigma)


def _patterns(output: torch.Tensor) -> torch.Tensor:
    """(units,) patterns of the units of (B, C, H, W), each a number with a bit per image."""
    bits = 2.0 ** torch.arange(len(output), device=output.device)
    patterns: torch.Tensor = bits @ (output > 0).flatten(1).to(bits.dtype)  # exact in float32 up to 2^24
    return patterns.long()
