"""The batch that zero-cost estimators look at."""

from __future__ import annotations

from typing import TypeAlias

import torch

from estimator_bench.data.images import channel_repeats, labels_of, take_images
from estimator_bench.errors import UsageError
from estimator_bench.problem import Problem
from estimator_bench.protocol import Protocol
from estimator_bench.space import NetworkRecipe

Batch: TypeAlias = tuple[torch.Tensor, torch.Tensor]
"""Images (B, C, H, W) and class indices (B,)."""


def make_batch(problem: Problem, number: int = 0) -> Batch:
    """The batch of the protocol, drawn by the run seed and the number of its repetition alone, or a further one.

    `gaussian` images are independent N(0, 1) with uniform labels. Any other name is a data set: the batch is the first
    B training images, of all classes, of a permutation by the run seed, so that a smaller batch begins a larger one.
    They are resized to the recipe, and each channel is standardised by the mean and the standard deviation of all
    training images at that size, never of the batch.

    Args:
        problem: gives protocol and recipe.
        number: which batch, 0 for that of the protocol. The others hold other images, those that come next in the
            permutation or are drawn next.

    Raises:
        UnknownNameError: there is no such data set.
        UsageError: its images do not fit the batch or the recipe; see `check_inputs`.
        MissingDataError, CorruptDataError: it must be imported first, or again.
    """
    protocol, recipe = problem.protocol, problem.task.recipe
    generator = torch.Generator().manual_seed(protocol.batch_seed("batch"))
    if protocol.inputs == "gaussian":
        for _ in range(number + 1):
            images = torch.randn(protocol.batch_size, *recipe.input_shape, generator=generator, device="cpu")
            targets = torch.randint(recipe.classes, (protocol.batch_size,), generator=generator, device="cpu")
    else:
        check_inputs(protocol, recipe, number + 1)
        order = torch.randperm(len(labels_of(protocol.inputs, "train")), generator=generator, device="cpu")
        drawn = order.split(protocol.batch_size)[number].tolist()
        images, targets = take_images(protocol.inputs, "train", recipe.input_shape, drawn)
    device = torch.device(protocol.device)
    return images.to(device, memory_format=torch.channels_last), targets.to(device)


def check_inputs(protocol: Protocol, recipe: NetworkRecipe, batches: int = 1) -> None:
    """Refuse inputs of which so many batches cannot be made for the networks of a recipe; errors as `make_batch`."""
    if protocol.inputs == "gaussian":
        return
    labels = labels_of(protocol.inputs, "train")
    if batches * protocol.batch_size > len(labels):
        wanted = "a batch" if batches == 1 else f"{batches} batches"
        raise UsageError(
            f"{wanted} of {protocol.batch_size} images cannot be drawn from the {len(labels)} training images of "
            f"'{protocol.inputs}': choose a smaller --batch-size"
        )
    if labels.max() >= recipe.classes:
        raise UsageError(
            f"images of '{protocol.inputs}' have {labels.max() + 1} classes, and the networks of this task tell "
            f"{recipe.classes} apart: choose a task with as many classes, or --inputs gaussian"
        )
    channel_repeats(protocol.inputs, recipe.input_shape[0])


def noise_like(images: torch.Tensor, count: int | None = None) -> torch.Tensor:
    """Independent N(0, 1) images of the size, the precision and the device of others; as many, unless `count` says.

    Drawn on the CPU from torch's global generator, so that they are the same on every device.
    """
    drawn = torch.randn(len(images) if count is None else count, *images.shape[1:], device="cpu")
    return drawn.to(images).contiguous(memory_format=torch.channels_last)
