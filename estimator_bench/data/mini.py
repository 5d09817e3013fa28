"""Ground truth that anybody can make: small networks of a space, trained by this project on images of a package.

Here is what a training is and which architectures are trained; `mini_training` carries the trainings out, `mini_table`
makes a table of them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from estimator_bench.data.images import load_images
from estimator_bench.errors import UsageError
from estimator_bench.identity import digest_of
from estimator_bench.networks.guarded import generators_kept
from estimator_bench.networks.training import TrainingRecipe, train
from estimator_bench.protocol import derive_seed
from estimator_bench.registry import find_space
from estimator_bench.space import AnySpace, Architecture, NetworkRecipe

MINI = TrainingRecipe(epochs=40, batch_size=50, learning_rate=0.1, momentum=0.9, weight_decay=5e-4)
ENUMERATED = 50_000
"""Spaces of more architectures are drawn from without being listed."""

FRUITLESS_DRAWS = 10_000
"""Draws without a new functional class after which a space that cannot be enumerated counts as used up."""

TEST_IMAGES = 300
"""Test images that count after every epoch, at an even stride; all 1,410 digits would take three times the training."""


@dataclass(frozen=True)
class MiniProtocol:
    """Everything that the outcome of a training depends on, apart from the architecture and the trial.

    Attributes:
        space: name of the search space.
        dataset: a name of `estimator_bench.data.images`.
        network: the networks; their input shape is what the images are enlarged to.
        training: how they are trained.
        test_images: how many images of the test split are evaluated.
        device: where networks are trained, as torch names it.
    """

    space: str
    dataset: str
    network: NetworkRecipe
    training: TrainingRecipe = MINI
    test_images: int = TEST_IMAGES
    device: str = "cpu"

    @property
    def digest(self) -> str:
        """A short id; trainings of different digests are never put together, so neither are those of two devices."""
        plain = asdict(self)
        return digest_of(plain if plain.pop("device") == "cpu" else asdict(self))

    def train(self, text: str, trial: int) -> tuple[NDArray[np.uint16], float]:
        """One training, of weights and image order that follow from the trial and the architecture's text alone.

        On a device other than the CPU the numbers are not bit-equal from one time to the next.

        Returns:
            (epochs,) correct test images after each epoch, and the CPU seconds that it took.
        """
        shape = self.network.input_shape
        images, labels = load_images(self.dataset, "test", shape)
        counted = torch.linspace(0, len(labels) - 1, self.test_images).round().long()
        started, seed = time.process_time(), derive_seed(trial, text)
        space = find_space(self.space)
        with generators_kept():
            torch.manual_seed(seed)
            network = space.build(space.parse(text), self.network)
        training = load_images(self.dataset, "train", shape)
        correct = train(network, training, (images[counted], labels[counted]), self.training, seed, self.device)
        return correct, time.process_time() - started


def listed(space: AnySpace) -> Sequence[Architecture] | None:
    """All architectures of a space, if they are few enough to be gone through."""
    everything = space.architectures()
    return None if everything is None or len(everything) > ENUMERATED else everything


def draw(space: AnySpace, count: int) -> list[Architecture]:
    """Representatives of `count` functional classes; a smaller draw is a prefix of a larger one.

    Drawn uniformly without replacement; where the space cannot be enumerated, each class by its share of encodings.

    Raises:
        UsageError: the space has fewer classes.
    """
    rng = np.random.default_rng(derive_seed("mini", space.name))
    everything = listed(space)
    if everything is None:
        classes = _sampled_classes(space, count, rng)
    else:
        classes = list(dict.fromkeys(space.representative(arch, "functional") for arch in everything))
    if not 0 < count <= len(classes):
        met = (
            "" if everything is not None else f" that were met before {FRUITLESS_DRAWS:,} draws in a row found no other"
        )
        raise UsageError(
            f"space '{space.name}' has {len(classes)} functional classes{met}: cannot train {count} of them"
        )
    order = range(count) if everything is None else rng.permutation(len(classes))[:count]
    return [classes[position] for position in order]


def _sampled_classes(space: AnySpace, count: int, rng: np.random.Generator) -> list[Architecture]:
    """Representatives of the first `count` classes met; fewer if so many draws in a row met no new one."""
    classes: dict[Architecture, None] = {}
    fruitless = 0
    while len(classes) < count and fruitless < FRUITLESS_DRAWS:
        known = len(classes)
        classes[space.representative(space.sample(rng), "functional")] = None
        fruitless = fruitless + 1 if len(classes) == known else 0
    return list(classes)
