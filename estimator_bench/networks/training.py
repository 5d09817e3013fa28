"""Training one network from scratch on a few images, the same way for every search space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from estimator_bench.networks.guarded import generators_kept
from estimator_bench.networks.placement import place

Labelled: TypeAlias = tuple[torch.Tensor, torch.Tensor]
"""(images, channels, height, width) float32 and (images,) int64 labels."""

TEST_BATCH = 512
"""Images per evaluation batch: small enough for the activations of a batch to stay in a core's cache."""


@dataclass(frozen=True)
class TrainingRecipe:
    """How a network is trained: SGD with Nesterov momentum, learning rate on one cosine from its start to 0.

    Attributes:
        epochs: passes over the training images.
        batch_size: images per step; images left over at the end of an epoch wait for another shuffle.
        learning_rate: at the first step.
        momentum: of Nesterov's method.
        weight_decay: L2 penalty on all parameters.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    momentum: float
    weight_decay: float


def train(
    network: nn.Module, training: Labelled, test: Labelled, recipe: TrainingRecipe, seed: int, device: str = "cpu"
) -> NDArray[np.uint16]:
    """Trains the network in place and counts, after every epoch, the test images that it classifies correctly.

    The seed fixes the order of the images and whatever the network draws while it trains (dropout); the weights to
    start from are the caller's. On a CPU the result is bit-equal for equal weights, seed and number of torch
    threads. torch's global generator is left as it was found.

    Returns:
        (epochs,) correct test images, from 0 to the number of test images.
    """
    place(network, device)
    (images, labels), test = _on(device, training), _on(device, test)
    size = min(recipe.batch_size, len(labels))
    steps = len(labels) // size
    optimizer = torch.optim.SGD(
        network.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay, nesterov=True
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs * steps)
    shuffle = torch.Generator().manual_seed(seed)
    correct = np.zeros(recipe.epochs, dtype=np.uint16)
    with generators_kept():
        torch.manual_seed(seed)
        for epoch in range(recipe.epochs):
            network.train()
            order = torch.randperm(len(labels), generator=shuffle).to(device)
            for batch in order[: steps * size].split(size):
                optimizer.zero_grad()
                F.cross_entropy(network(images[batch]), labels[batch]).backward()
                optimizer.step()
                schedule.step()
            correct[epoch] = count_correct(network, test)
    return correct


def count_correct(network: nn.Module, test: Labelled) -> int:
    """How many images the network classifies correctly, with its running normalisation statistics."""
    network.eval()
    with torch.inference_mode():
        batches = zip(test[0].split(TEST_BATCH), test[1].split(TEST_BATCH), strict=True)
        return sum(int((network(images).argmax(1) == labels).sum()) for images, labels in batches)


def _on(device: str, labelled: Labelled) -> Labelled:
    return labelled[0].to(device, memory_format=torch.channels_last), labelled[1].to(device)
