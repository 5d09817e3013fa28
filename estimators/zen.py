"""zen: how far the last maps of a network of random weights move with its images, batch normalisation undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import nn

from estimator_bench import NetworkPasses, UsageError, ZeroCostEstimator, last_maps, noise_like, reinitialise


@dataclass(frozen=True)
class Zen(ZeroCostEstimator):
    """ln mean_n sum |f(x) - f(x + mixup e)| + sum over BN of ln sqrt(mean_c variance), the mean of `repeats`.

    f are the maps before global pooling, summed over channels and pixels; x and e are N(0, 1) images, in train mode;
    weights are N(0, 1), biases and offsets 0, factors of normalisation 1. Neither data nor labels nor the network's own
    weights matter. Range (-inf, inf); -inf where the last maps do not depend on the image, and with `variance=batch`
    where any layer normalises constant maps. Every `BatchNorm2d` counts, also in branches that reach no output; without
    any, the second term is 0. NaN where a network without normalisation grows beyond float32, and an error where there
    is no global pooling.

    Public implementations agree but for what the parameters say: ZenNAS has 32 repeats of 16 images, and the copies in
    NASLib and AZ-NAS, from which the defaults are, one with a batch like that of the others. Where layers keep no
    running variance they fail or skip it; here such layers keep one like all others.

    Args:
        repeats: draws of weights and images.
        images: in each of them; 0 for the batch size.
        mixup: how far images move.
        variance: of `running`, what the layers have after the forward passes, which go on from the first variance of
            1 with a momentum of, as a rule, .1 and also from repeat to repeat, as in all public programs;
            `restarted`, the same from 1 in each repeat; `batch`, that of x + mixup e alone.
    """

    repeats: int = 1
    images: int = 0
    mixup: float = 0.01
    variance: Literal["running", "restarted", "batch"] = "running"

    name: ClassVar[str] = "zen"
    citation: ClassVar[str] = "Lin et al., Zen-NAS, ICCV 2021, algorithm 1 (github.com/idstcv/ZenNAS)"
    # The images are drawn, whatever the inputs.
    conditions: ClassVar[frozenset[str]] = frozenset({"seed", "weights", "batch_size", "device"})

    def __post_init__(self) -> None:
        if self.repeats < 1 or self.images < 0:
            raise UsageError(f"zen needs at least 1 repeat and 0 or more images, not {self.repeats} and {self.images}")

    @torch.no_grad()
    def measure(self, passes: NetworkPasses) -> float:
        """The score of one network."""
        network, batch = passes.fresh_network().train(), passes.inputs
        norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            _keep_variance(norm, batch.device)
            if self.variance == "batch":
                norm.momentum = 1.0
        scores = []
        for _ in range(self.repeats):
            if self.variance == "restarted":
                for norm in norms:
                    norm.reset_running_stats()
            reinitialise(network, "normal")
            images, noise = (noise_like(batch, self.images or None) for _ in range(2))
            moved = (last_maps(network, images) - last_maps(network, images + self.mixup * noise)).double().abs()
            variances = [norm.running_var.double().mean() for norm in norms if norm.running_var is not None]
            terms = [moved.flatten(1).sum(1).mean().log(), *(variance.log() / 2 for variance in variances)]
            scores.append(float(torch.stack(terms).sum()))
        return sum(scores) / self.repeats


def _keep_variance(norm: nn.BatchNorm2d, device: torch.device) -> None:
    """Let a layer keep running statistics, which change nothing in train mode."""
    if norm.running_var is None:
        norm.track_running_stats = True
        norm.running_mean = torch.zeros(norm.num_features, device=device)
        norm.running_var = torch.ones(norm.num_features, device=device)
