"""one-shot: the accuracy of each architecture inside one network that holds the weights of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    Forgetting,
    Kind,
    Problem,
    UsageError,
    images_digest,
    load_images,
    place,
    single_thread,
)

if TYPE_CHECKING:
    from estimator_bench import Supernet


@dataclass(frozen=True)
class Checkpoint:
    """A supernet as it was after some epochs, and what its architectures had forgotten then; see `Forgetting`."""

    supernet: Supernet
    forgetting: Sequence[float]


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
    conditions: ClassVar[frozenset[str]] = frozenset({"seed", "weights", "device"})
    replicates = "checkpoints"
    citation: ClassVar[str] = "Guo et al., Single Path One-Shot, ECCV 2020; Bender et al., ICML 2018"

    @property
    def datasets(self) -> tuple[str, ...]:
        """The images it trains on."""
        return (self.images,)

    def prepare(self, problem: Problem) -> list[Checkpoint]:
        """Train the supernet, or resume it, or find it trained; one loaded network per checkpoint."""
        parameters = {field.name: getattr(self, field.name) for field in fields(self)}
        protocol = problem.protocol
        conditions = {name: getattr(protocol, name) for name in self.conditions} | {"code": problem.code_of(self)}
        key = {"space": problem.space.name, "pixels": images_digest(self.images), **conditions, **parameters}
        folder = problem.artifacts.get_or_make(self.name, key, lambda place: self._train(problem, place))
        return [self._load(problem, folder, epoch) for epoch in self._checkpoint_epochs()]

    def diagnostics(self, problem: Problem, state: list[Checkpoint]) -> Mapping[str, Mapping[str, Sequence[float]]]:  # noqa: ARG002
        """Forgetting values at each checkpoint, in percentage points of validation accuracy."""
        epochs = self._checkpoint_epochs()
        return {"forgetting": {f"epoch {at}": one.forgetting for at, one in zip(epochs, state, strict=True)}}

    def score(self, problem: Problem, state: list[Checkpoint], archs: Sequence[Architecture]) -> Components:
        """Percent of the validation images classified correctly, at each checkpoint."""
        images, labels = (part.to(problem.protocol.device) for part in self._data(problem, "valid"))
        values = np.empty((len(archs), len(state), 1))
        with single_thread():
            for column, checkpoint in enumerate(state):
                for row, arch in enumerate(archs):
                    values[row, column] = _accuracy(checkpoint.supernet, arch, images, labels)
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

    def _load(self, problem: Problem, folder: Path, epoch: int) -> Checkpoint:
        with torch.random.fork_rng():
            supernet: Supernet = problem.space.supernet(problem.space.recipes[self.recipe])
        saved = torch.load(folder / self._file(epoch), map_location="cpu", weights_only=True)
        supernet.load_state_dict(saved["weights"])
        return Checkpoint(place(supernet, problem.protocol.device), saved["forgetting"]["values"][epoch])

    def _train(self, problem: Problem, folder: Path) -> None:
        """Train from the last checkpoint in the folder on; every epoch draws from a seed of its own."""
        device = problem.protocol.device
        images, labels = (part.to(device) for part in self._data(problem, "train"))
        valid = [part.to(device) for part in self._data(problem, "valid")]
        with torch.random.fork_rng():
            torch.manual_seed(problem.protocol.weights_seed("supernet"))
            supernet = problem.space.supernet(problem.space.recipes[self.recipe])
        place(supernet, device)
        optimizer = torch.optim.SGD(
            supernet.parameters(), self.learning_rate, 0.9, weight_decay=self.weight_decay, nesterov=True
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.epochs)
        steps = -(-len(labels) // self.batch_size)
        forgetting = Forgetting(self._checkpoint_epochs(), steps, lambda arch: _accuracy(supernet, arch, *valid))
        trained = [epoch for epoch in self._checkpoint_epochs() if (folder / self._file(epoch)).exists()]
        if trained:
            saved = torch.load(folder / self._file(trained[-1]), map_location=device, weights_only=True)
            supernet.load_state_dict(saved["weights"])
            optimizer.load_state_dict(saved["optimizer"])
            schedule.load_state_dict(saved["schedule"])
            forgetting.load_state_dict(saved["forgetting"], problem.space)
        with single_thread():
            for epoch in range(trained[-1] if trained else 0, self.epochs):
                self._train_epoch(problem, epoch, supernet.train(), optimizer, images, labels, forgetting)
                schedule.step()
                if epoch + 1 in self._checkpoint_epochs():
                    partial = folder / "partial.pt"
                    state = {"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
                    state |= {"weights": supernet.state_dict(), "forgetting": forgetting.state_dict()}
                    torch.save(state, partial)
                    partial.replace(folder / self._file(epoch + 1))

    def _train_epoch(
        self,
        problem: Problem,
        epoch: int,
        supernet: Supernet,
        optimizer: torch.optim.Optimizer,
        images: torch.Tensor,
        labels: torch.Tensor,
        forgetting: Forgetting,
    ) -> None:
        rng = np.random.default_rng(problem.protocol.weights_seed("supernet epoch", epoch))
        batches = torch.from_numpy(rng.permutation(len(labels))).split(self.batch_size)
        for step, batch in enumerate(batches, epoch * len(batches)):
            arch = problem.space.sample(rng)
            optimizer.zero_grad()
            F.cross_entropy(supernet(images[batch], arch), labels[batch]).backward()
            optimizer.step()
            forgetting.after_step(step, arch)


def _accuracy(supernet: Supernet, arch: Architecture, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Percent of the images that an architecture classifies correctly."""
    with torch.no_grad():
        return 100 * float((supernet(images, arch).argmax(1) == labels).float().mean())
