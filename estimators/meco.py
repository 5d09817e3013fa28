"""meco: how independent the channels of each map of an untrained network are, by the smallest eigenvalue."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from estimator_bench import NetworkPasses, UsageError, ZeroCostEstimator, noise_like

NOISE_PIXELS = 64
"""Height and width of the image of noise, whatever the network is made for."""


@dataclass(frozen=True)
class Meco(ZeroCostEstimator):
    """Sum over the outputs of modules of the smallest eigenvalue of the correlation of channels, for one image.

    The matrix of an output (channels, pixels) is that of Pearson's correlations between its channels. Range [0, 1] per
    output; 0 where a channel is constant or there are no more pixels than channels, so that a network all of whose maps
    are constant scores 0. NaN for a network with outputs that are not finite. Outputs that are no tensors are left out;
    those of linear layers count 0. Dead branches count.

    The public programs, in train mode, set correlations that are no numbers to 0, those of constant channels that is,
    which is part of the definition; they do so where the maps themselves are no numbers too, and there this is NaN
    instead. They take real parts from a general eigensolver in float32, whose rounding of about 1e-7 stands where 0
    stands here: the matrix is symmetric, and its eigenvalues are computed as such in float64. They look at every
    module, so that the output of a container is counted again with that of its last part: scores depend on how a
    program nests its modules.

    Args:
        inputs: `noise`, one N(0, 1) image of 64 x 64 pixels, of which the paper's correlations are; `batch`, the first
            image of the batch, all of which is run.
        modules: `all`, as published, or those without modules inside, `leaves`.
        channels: so many random ones instead of all, times their share: meco_opt with 8. All where there are fewer,
            for which the public program fails. 0 for all.
    """

    inputs: Literal["noise", "batch"] = "noise"
    modules: Literal["all", "leaves"] = "all"
    channels: int = 0

    name: ClassVar[str] = "meco"
    citation: ClassVar[str] = "Jiang et al., MeCo, NeurIPS 2023 (github.com/HamsterMimi/MeCo)"

    def __post_init__(self) -> None:
        if self.channels < 0:
            raise UsageError(f"meco: the number of channels must not be negative, not {self.channels}")

    @property
    def conditions(self) -> frozenset[str]:  # type: ignore[override]
        """Noise does not depend on the batch."""
        own = frozenset({"seed", "weights", "device"})
        return own if self.inputs == "noise" else ZeroCostEstimator.conditions

    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        network, images = passes.fresh_network().train(), passes.inputs
        if self.inputs == "noise":
            images = noise_like(images.new_empty(1, images.shape[1], NOISE_PIXELS, NOISE_PIXELS))
        found: list[float] = []

        def note(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, torch.Tensor) and output.dim() > 1:
                found.append(self._smallest_eigenvalue(output[0].detach().double()))

        for module in network.modules():
            if self.modules == "all" or not any(module.children()):
                module.register_forward_hook(note)
        with torch.no_grad():
            network(images)
        return math.fsum(found)

    def _smallest_eigenvalue(self, maps: torch.Tensor) -> float:
        """Of the correlation of channels (C, ...), times the share of channels that were looked at."""
        rows, count = maps.reshape(len(maps), -1), len(maps)
        if not rows.isfinite().all():
            return math.nan
        if 0 < self.channels < count:
            rows = rows[torch.randperm(count, device="cpu")[: self.channels].to(rows.device)]
        # Rows without their mean have a rank below the number of pixels. Constants of float32 have no variance at all
        # in float64.
        if len(rows) >= rows.shape[1] or not rows.var(dim=1).all():
            return 0.0
        correlation = torch.corrcoef(rows).reshape(len(rows), len(rows))
        return float(torch.linalg.eigvalsh(correlation)[0]) * count / len(rows)
