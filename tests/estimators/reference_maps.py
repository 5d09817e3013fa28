"""zen, meco, swap and az_nas written from their formulas in double precision, with hooks and loops of their own.

Nothing is shared with the package but the network, as the search space builds it, the batch, and the seed from which
weights, noise and signs are drawn, each in float32 and in the order that the public programs have.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from reference_proxies import Case, case
from torch import nn

from estimator_bench import Architecture, Problem, derive_seed

Array = NDArray[np.float64]


def started(problem: Problem, arch: Architecture, name: str, dtype: torch.dtype = torch.float64) -> Case:
    """The network and batch of an architecture, with torch's generator where that of the estimator begins."""
    given = case(problem, arch, dtype=dtype)
    torch.manual_seed(derive_seed(problem.protocol.seed, name, str(arch)))
    return given


def draw_weights(network: nn.Module, scale: Callable[[torch.Tensor], float]) -> None:
    """N(0, scale^2) weights, biases and offsets 0, factors of normalisation 1."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.weight.data = (torch.randn(module.weight.shape) * scale(module.weight)).to(module.weight.dtype)
            if module.bias is not None:
                module.bias.data *= 0
        elif isinstance(module, nn.BatchNorm2d) and module.affine:
            module.weight.data, module.bias.data = module.weight.data * 0 + 1, module.bias.data * 0


def zen(given: Case, repeats: int = 1, mixup: float = 0.01, variance: str = "running") -> float:
    """Running variances are those of a list, kept by hand."""
    norms = [module for module in given.network.modules() if isinstance(module, nn.BatchNorm2d)]
    (*_, pooling) = (module for module in given.network.modules() if isinstance(module, nn.AdaptiveAvgPool2d))
    maps: list[torch.Tensor] = []
    seen: dict[nn.Module, list[Array]] = {norm: [] for norm in norms}
    pooling.register_forward_pre_hook(lambda _module, inputs: maps.append(inputs[0]))
    for norm in norms:
        norm.register_forward_pre_hook(
            lambda module, inputs: seen[module].append(
                np.var(inputs[0].numpy().transpose(1, 0, 2, 3).reshape(module.num_features, -1), axis=1, ddof=1)
            )
        )
    total = 0.0
    with torch.no_grad():
        for repeat in range(repeats):
            draw_weights(given.network, lambda _: 1.0)
            images, noise = torch.randn(given.images.shape).double(), torch.randn(given.images.shape).double()
            given.network(images)
            given.network(images + mixup * noise)
            moved = np.abs(maps[-2].numpy() - maps[-1].numpy())
            total += math.log(np.mean([moved[n].sum() for n in range(len(moved))]))
            for norm in norms:
                since = {"running": 0, "restarted": 2 * repeat, "batch": 2 * repeat + 1}[variance]
                kept = np.ones(norm.num_features)
                for one in seen[norm][since:]:
                    kept = one if variance == "batch" else 0.9 * kept + 0.1 * one
                total += math.log(math.sqrt(kept.mean()))
    return total / repeats


def meco(given: Case, *, noise: bool = True, leaves: bool = False) -> float:
    """The general eigensolver and a correlation of numpy, whose NaN become 0."""
    images = torch.randn(1, given.images.shape[1], 64, 64).double() if noise else given.images
    total: list[float] = []

    def note(_module: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, torch.Tensor):
            rows = output[0].numpy().reshape(output.shape[1], -1)
            with np.errstate(all="ignore"):
                correlation = np.atleast_2d(np.corrcoef(rows)) if rows.shape[1] > 1 else np.zeros((len(rows),) * 2)
            correlation[~np.isfinite(correlation)] = 0
            total.append(float(np.linalg.eigvals(correlation).real.min()))

    for module in given.network.modules():
        if not leaves or not list(module.children()):
            module.register_forward_hook(note)
    with torch.no_grad():
        given.network(images)
    return sum(total)


def swap(given: Case, repeats: int, images: int = 16) -> float:
    """Patterns as texts in a set."""
    known: set[bytes] = set()

    def note(_module: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        if inputs[0].dim() == 4:
            known.update(column.tobytes() for column in (inputs[0].numpy().reshape(len(inputs[0]), -1) > 0).T)

    for module in given.network.modules():
        if isinstance(module, nn.ReLU | nn.ReLU6):
            module.register_forward_pre_hook(note)
    counts = []
    with torch.no_grad():
        for _ in range(repeats):
            known.clear()
            draw_weights(given.network, lambda _: 1.0)
            given.network(given.images[:images])
            counts.append(len(known))
    return float(np.mean(counts))


@dataclass(frozen=True)
class Views:
    """The components of az_nas, but for multiply-adds, and what the first two are made of."""

    entropies: Sequence[float]
    expressivity: float
    progressivity: float
    trainability: float


def az_nas(given: Case, blocks: str) -> Views:
    """Each block is run again by itself.

    Args:
        given: as `started` gives it.
        blocks: a pattern of the names of blocks, which run in the order of their definition, or in rows of the first
            number in their names.
    """
    draw_weights(given.network, lambda weight: math.sqrt(2 / weight[0].numel()))
    images = torch.randn(given.images.shape).double()
    calls: list[tuple[nn.Module, list[torch.Tensor], torch.Tensor]] = []
    for name, module in given.network.named_modules():
        if re.fullmatch(blocks, name):
            module.register_forward_hook(
                lambda module, inputs, output: calls.append((module, [*inputs], output.detach().clone()))
            )
    with torch.no_grad():
        given.network(images)
    ran, trainable = list(calls), []
    for module, inputs, output in reversed(ran):
        newest = inputs[-1].detach().clone().requires_grad_()
        older = [newest if one is inputs[-1] else one.detach() for one in inputs[:-1]]
        signs = torch.randint(2, output.shape, dtype=torch.int8).double() * 2 - 1
        (slopes,) = torch.autograd.grad(module(*older, newest), newest, signs, allow_unused=True)
        slopes = torch.zeros_like(newest) if slopes is None else slopes
        trainable.append(-math.inf if torch.equal(slopes, signs) else quality(slopes, signs))
    entropies = [entropy(ran[0][1][-1])]
    steps = []
    for _, inputs, output in ran:
        entropies.append(entropy(output))
        steps.append(entropies[-1] - entropy(inputs[-1]))
    return Views(entropies, sum(entropies), min(steps), float(np.mean(trainable)))


def entropy(maps: torch.Tensor) -> float:
    """Of the shares of variance along the principal axes of pixels."""
    pixels = maps.numpy().transpose(0, 2, 3, 1).reshape(-1, maps.shape[1])
    shares = np.linalg.svd(pixels - pixels.mean(axis=0), compute_uv=False) ** 2
    shares = shares / shares.sum()
    return -float(sum(share * math.log(share + 1e-8) for share in shares))


def quality(slopes: torch.Tensor, signs: torch.Tensor) -> float:
    """2 - s - 1 / (s + 1e-6) of the mean over pixels of the outer products of slopes and signs."""
    into = nn.PixelUnshuffle(slopes.shape[2] // signs.shape[2])(slopes)
    mean = torch.einsum("nihw,nohw->io", into, signs).numpy() / signs[:, 0].numel()
    largest = np.linalg.svd(mean, compute_uv=False)[0]
    return float(2 - largest - 1 / (largest + 1e-6))
