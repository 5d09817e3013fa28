"""az_nas: four views of an untrained network, combined by how it ranks among the others in each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch.nn import functional

from estimator_bench import (
    BlockMaps,
    Components,
    NetworkPasses,
    PluginError,
    ZeroCostEstimator,
    block_maps,
    noise_like,
    rankable,
    reinitialise,
)

Component: TypeAlias = Literal["expressivity", "progressivity", "trainability", "complexity"]
COMPONENTS: Sequence[Component] = get_args(Component)


@dataclass(frozen=True)
class AzNas(ZeroCostEstimator):
    """Sum over components of ln(rank / N): the average rank among N architectures, of which the best has N.

    The blocks of a network (see `networks.feature_maps`; cells and what halves the maps between them in cell spaces)
    run in train mode, on N(0, 1) images and weights N(0, 2 / fan-in). H is the entropy -sum_k p_k ln(p_k + 1e-8) of
    maps, with p the eigenvalues, as shares, of the covariance of channels over images and pixels.

    - `expressivity`: the sum of H over what the first block reads and what each block gives; -inf where such maps
      are constant.
    - `progressivity`: the smallest H(output) - H(input) of a block; -inf where maps are constant.
    - `trainability`: the mean over blocks of 2 - s - 1 / (s + 1e-6), where s is the largest singular value of
      E[g_in^T g_out] over images and pixels of the output, for random signs g_out and their gradients g_in in the
      input, space to depth where the block makes maps smaller. -inf where g_in is g_out, in a block that does nothing.
      Range (-inf, 1e-6]; about -1e6 from a block whose output does not depend on its input.
    - `complexity`: multiply-adds of the space's network.

    Range (-inf, 0]. What has no number in a component ranks last with it, together with -inf.

    Differences from the public program for NAS-Bench-201: eigenvalues are computed in float64, so that rounding makes
    no shares below 0, of which the program takes logarithms. The program turns NaN into -inf; here NaN stays NaN in a
    component. Maps whose sizes are no multiples, for which it fails, are made so by zeros. The authors' program for
    mobile networks takes the outputs of all ReLUs in the place of blocks; that for transformers leaves out
    progressivity, and blocks that do nothing.

    Args:
        component: one of the components as the score, without ranks; or `all`.
        idle: what a block that does nothing makes of trainability: `worst`, -inf as for NAS-Bench-201, or `skipped`, as
            for transformers; -inf where all blocks are skipped.
    """

    component: Literal["all", "expressivity", "progressivity", "trainability", "complexity"] = "all"
    idle: Literal["worst", "skipped"] = "worst"

    name: ClassVar[str] = "az_nas"
    citation: ClassVar[str] = "Lee and Ham, AZ-NAS, CVPR 2024 (github.com/cvlab-yonsei/AZ-NAS)"
    # The images are drawn, whatever the inputs.
    conditions: ClassVar[frozenset[str]] = frozenset({"seed", "weights", "batch_size", "device"})

    def measure(self, passes: NetworkPasses) -> Mapping[str, float]:
        """The components of one network that are asked for."""
        wanted = COMPONENTS if self.component == "all" else (self.component,)
        found: dict[str, float] = {}
        if wanted != ("complexity",):
            network = passes.fresh_network().train()
            reinitialise(network, "kaiming-fan-in")
            with torch.set_grad_enabled("trainability" in wanted):
                blocks = block_maps(network, noise_like(passes.inputs).requires_grad_())
            if {"expressivity", "progressivity"} & set(wanted):
                found["expressivity"], found["progressivity"] = _entropies(blocks)
            if "trainability" in wanted:
                found["trainability"] = self._trainability(blocks)
        if "complexity" in wanted:
            found["complexity"] = passes.problem.space.flops(passes.arch, passes.problem.task.recipe)
        return {name: found[name] for name in wanted}

    def combine(self, components: Components) -> NDArray[np.float64]:
        """The sum of the logarithms of ranks, among the architectures that have components."""
        if self.component != "all":
            return super().combine(components)
        values = components.values[:, 0, :]
        known = ~np.isnan(values).all(axis=1)
        scores = np.full(len(values), np.nan)
        ranks = [rankdata(rankable(column)) for column in values[known].T]
        scores[known] = np.log(np.divide(ranks, known.sum())).sum(axis=0)
        return scores

    def _trainability(self, blocks: Sequence[BlockMaps]) -> float:
        # From the last one, for each frees the part of the graph that it has gone through.
        largest = [_largest_singular_value(*block) for block in reversed(blocks)]
        scores = [2 - one - 1 / (one + 1e-6) for one in largest if one is not None]
        if not scores or (self.idle == "worst" and None in largest):
            return -math.inf
        return math.fsum(scores) / len(scores)


def _entropies(blocks: Sequence[BlockMaps]) -> tuple[float, float]:
    """Expressivity and progressivity."""
    entropies: dict[int, float] = {}
    total = 0.0
    for inputs, output in blocks:
        if id(inputs) not in entropies:  # else an earlier block gave it, or read it at the beginning of another row
            entropies[id(inputs)] = _entropy(inputs)
            total += entropies[id(inputs)]
        if output is not inputs:
            entropies[id(output)] = _entropy(output)
        total += entropies[id(output)]
    if -math.inf in entropies.values():
        return total, -math.inf
    return total, min(entropies[id(output)] - entropies[id(inputs)] for inputs, output in blocks)


def _entropy(maps: torch.Tensor) -> float:
    channels = maps.detach().double().transpose(0, 1).flatten(1)
    channels = channels - channels.mean(dim=1, keepdim=True)
    covariance = channels @ channels.T / channels.shape[1]
    if not covariance.isfinite().all():
        return math.nan
    if not covariance.any():
        return -math.inf
    eigenvalues = torch.linalg.eigvalsh(covariance).clamp(min=0)
    shares = eigenvalues / eigenvalues.sum()
    return -float((shares * (shares + 1e-8).log()).sum())


def _largest_singular_value(inputs: torch.Tensor, output: torch.Tensor) -> float | None:
    """Of the map from a block's output gradients to its input gradients; None if it hands them through."""
    signs = torch.empty_like(output).copy_(2 * torch.randint(2, output.shape, dtype=torch.int8, device="cpu") - 1)
    (slopes,) = torch.autograd.grad(output, inputs, signs, allow_unused=True, materialize_grads=True)
    if slopes.shape == signs.shape and torch.equal(slopes, signs):
        return None
    height, width = output.shape[2:]
    down, across = math.ceil(slopes.shape[2] / height), math.ceil(slopes.shape[3] / width)
    if height > slopes.shape[2] or width > slopes.shape[3]:
        raise PluginError("a block makes maps larger, for which trainability is not defined")
    filled = functional.pad(slopes, (0, across * width - slopes.shape[3], 0, down * height - slopes.shape[2]))
    incoming = functional.unfold(filled, (down, across), stride=(down, across)).transpose(1, 2).flatten(0, 1)
    outgoing = signs.flatten(2).transpose(1, 2).flatten(0, 1)
    expected = incoming.double().T @ outgoing.double() / len(outgoing)
    if not expected.isfinite().all():
        return math.nan
    return float(torch.linalg.matrix_norm(expected, ord=2))
