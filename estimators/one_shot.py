"""one-shot: the accuracy of each architecture inside one network that holds the weights of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from estimator_bench import (
    Architecture,
    Components,
    Estimator,
    Kind,
    Problem,
    UsageError,
    derive_seed,
    images_digest,
    load_images,
    place,
    single_thread,
)

if TYPE_CHECKING:
    from estimator_bench import Supernet


@dataclass(frozen=True)
class OneShot(Estimator):
    """A single-path supernet: each step trains the path of one architecture drawn uniformly from the space.

    Trained on the training images and scored by the accuracy on the validation images of one data set, with batch
    statistics of the validation images in every normalisation layer. Each checkpoint is a replicate; the score is that
    of the last. On a task of other images it is the supernet of a proxy data set, as its parameters say.

    Args:
        images: the data set it is trained and validated on.
        recipe: the space's network recipe it is made for.
        epochs: passes over the training images.
        checkpoints: how many are kept, at even distances.
        batch_size: images per step, one architecture each.
        learning_rate: at the start of a cosine schedule; SGD with Nesterov momentum 0.9.
        weight_decay: of SGD.
    """

    images: str = "digits"
    recipe: str = "mini"
    epochs: int = 200
    checkpoints: int = 4
    batch_size: int = 50
    learning_rate: float = 0.05
    weight_decay: float = 5e-4

    def __post_init__(self) -> None:
        if not 1 <= self.checkpoints <= self.epochs:
            raise UsageError(
                f"'one-shot' keeps from 1 to {self.epochs} checkpoints, its epochs, not {self.checkpoints}"
            )

    name: ClassVar[str] = "one-shot"
    kind: ClassVar[Kind] = "one-shot"
    conditions: ClassVar[frozenset[str]] = frozenset({"seed", "device"})
    citation: ClassVar[str] = "Guo et al., Single Path One-Shot, ECCV 2020; Bender et al., ICML 2018"

    @property
    def datasets(self) -> tuple[str, ...]:
        """The images it trains on."""
        return (self.images,)

    def prepare(self, problem: Problem) -> list[Supernet]:
        """Train the supernet, or resume it, or find it trained; one loaded network per checkpoint."""
        parameters = {field.name: getattr(self, field.name) for field in fields(self)}
        conditions = {"seed": problem.protocol.seed, "device": problem.protocol.device, "code": problem.code_of(self)}
        key = {"space": problem.space.name, "pixels": images_digest(self.images), **conditions, **parameters}
        folder = problem.artifacts.get_or_make(self.name, key, lambda place: self._train(problem, place))
        return [self._load(problem, folder / self._file(epoch)) for epoch in self._checkpoint_epochs()]

    def score(self, problem: Problem, state: list[Supernet], archs: Sequence[Architecture]) -> Components:
        """Percent of the validation images classified correctly, at each checkpoint."""
        images, labels = (part.to(problem.protocol.device) for part in self._data(problem, "valid"))
        values = np.empty((len(archs), len(state), 1))
        with single_thread(), torch.no_grad():
            for column, supernet in enumerate(state):
                for row, arch in enumerate(archs):
                    correct = supernet(images, arch).argmax(1) == labels
                    values[row, column] = 100 * float(correct.float().mean())
        return Components(values, tuple(f"epoch {epoch}" for epoch in self._checkpoint_epochs()), ("accuracy",))

    def combine(self, components: Components) -> NDArray[np.float64]:
        """The accuracy at the last checkpoint."""
        return components.values[:, -1, 0]

    def _checkpoint_epochs(self) -> list[int]:
        return [self.epochs * (index + 1) // self.checkpoints for index in range(self.checkpoints)]

    @staticmethod
    def _file(epoch: int) -> str:
        return f"epoch-{epoch}.pt"

    def _data(self, problem: Problem, split: Any) -> tuple[torch.Tensor, torch.Tensor]:
        return load_images(self.images, split, problem.space.recipes[self.recipe].input_shape)

    def _load(self, problem: Problem, file: Path) -> Supernet:
        with torch.random.fork_rng():
            supernet: Supernet = problem.space.supernet(problem.space.recipes[self.recipe])
        supernet.load_state_dict(torch.load(file, map_location="cpu", weights_only=True)["weights"])
        return place(supernet, problem.protocol.device)

    def _train(self, problem: Problem, folder: Path) -> None:
        """Train from the last checkpoint in the folder on; every epoch draws from a seed of its own."""
        device, seed = problem.protocol.device, problem.protocol.seed
        images, labels = (part.to(device) for part in self._data(problem, "train"))
        with torch.random.fork_rng():
            torch.manual_seed(derive_seed(seed, "supernet"))
            supernet = problem.space.supernet(problem.space.recipes[self.recipe])
        place(supernet, device)
        optimizer = torch.optim.SGD(
            supernet.parameters(), self.learning_rate, 0.9, weight_decay=self.weight_decay, nesterov=True
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.epochs)
        trained = [epoch for epoch in self._checkpoint_epochs() if (folder / self._file(epoch)).exists()]
        if trained:
            saved = torch.load(folder / self._file(trained[-1]), map_location=device, weights_only=True)
            supernet.load_state_dict(saved["weights"])
            optimizer.load_state_dict(saved["optimizer"])
            schedule.load_state_dict(saved["schedule"])
        with single_thread():
            for epoch in range(trained[-1] if trained else 0, self.epochs):
                self._train_epoch(problem, epoch, supernet.train(), optimizer, images, labels)
                schedule.step()
                if epoch + 1 in self._checkpoint_epochs():
                    partial = folder / "partial.pt"
                    state = {"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
                    torch.save({"weights": supernet.state_dict(), **state}, partial)
                    partial.replace(folder / self._file(epoch + 1))

    def _train_epoch(
        self,
        problem: Problem,
        epoch: int,
        supernet: Supernet,
        optimizer: torch.optim.Optimizer,
        images: torch.Tensor,
        labels: torch.Tensor,
    ) -> None:
        rng = np.random.default_rng(derive_seed(problem.protocol.seed, "supernet epoch", epoch))
        for batch in torch.from_numpy(rng.permutation(len(labels))).split(self.batch_size):
            arch = problem.space.sample(rng)
            optimizer.zero_grad()
            F.cross_entropy(supernet(images[batch], arch), labels[batch]).backward()
            optimizer.step()
