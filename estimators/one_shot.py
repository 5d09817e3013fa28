"""one-shot: the accuracy of each architecture inside one network that holds the weights of all of them."""

from __future__ import annotations

import io
import math
import pickle
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
    CorruptDataError,
    Estimator,
    Forgetting,
    Kind,
    NetworkRecipe,
    Problem,
    SearchSpace,
    Task,
    UnknownNameError,
    UsageError,
    atomic_write,
    generators_kept,
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
        if self.batch_size < 1 or not 0 <= self.learning_rate < math.inf or not 0 <= self.weight_decay < math.inf:
            raise UsageError(
                "'one-shot' needs at least 1 image per step, and a learning rate and a weight decay of 0 or more, not "
                f"{self.batch_size}, {self.learning_rate} and {self.weight_decay}"
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

    def check(self, space: SearchSpace[Any], task: Task) -> None:  # noqa: ARG002
        """Refuse a space without the recipe, or without a supernet for it."""
        space.supernet(self._recipe(space))

    def prepare(self, problem: Problem) -> list[Checkpoint]:
        """Train the supernet, or resume it, or find it trained; one loaded network per checkpoint.

        Raises:
            UnknownNameError: the space has no such recipe.
            CorruptDataError: a checkpoint of a trained supernet is damaged.
        """
        self._recipe(problem.space)  # before a folder is made
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

    def _recipe(self, space: SearchSpace[Any]) -> NetworkRecipe:
        if self.recipe not in space.recipes:
            raise UnknownNameError(f"network recipe of '{space.name}'", self.recipe, space.recipes)
        return space.recipes[self.recipe]

    def _data(self, problem: Problem, split: Any) -> tuple[torch.Tensor, torch.Tensor]:
        return load_images(self.images, split, self._recipe(problem.space).input_shape)

    def _load(self, problem: Problem, folder: Path, epoch: int) -> Checkpoint:
        with generators_kept():
            supernet: Supernet = problem.space.supernet(self._recipe(problem.space))
        saved = _saved(folder / self._file(epoch))
        supernet.load_state_dict(saved["weights"])
        return Checkpoint(place(supernet, problem.protocol.device), saved["forgetting"]["values"][epoch])

    def _train(self, problem: Problem, folder: Path) -> None:
        """Train from the last checkpoint in the folder on; every epoch draws from a seed of its own."""
        device = problem.protocol.device
        images, labels = (part.to(device) for part in self._data(problem, "train"))
        valid = [part.to(device) for part in self._data(problem, "valid")]
        with generators_kept():
            torch.manual_seed(problem.protocol.weights_seed("supernet"))
            supernet = problem.space.supernet(self._recipe(problem.space))
        place(supernet, device)
        optimizer = torch.optim.SGD(
            supernet.parameters(), self.learning_rate, 0.9, weight_decay=self.weight_decay, nesterov=True
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.epochs)
        steps = -(-len(labels) // self.batch_size)
        forgetting = Forgetting(self._checkpoint_epochs(), steps, lambda arch: _accuracy(supernet, arch, *valid))
        trained = 0
        with suppress(CorruptDataError):  # up to the first that is not there, or torn by a power cut
            for epoch in self._checkpoint_epochs():
                saved, trained = _saved(folder / self._file(epoch)), epoch
        if trained:
            supernet.load_state_dict(saved["weights"])
            optimizer.load_state_dict(saved["optimizer"])
            schedule.load_state_dict(saved["schedule"])
            forgetting.load_state_dict(saved["forgetting"], problem.space)
        with single_thread():
            for epoch in range(trained, self.epochs):
                self._train_epoch(problem, epoch, supernet.train(), optimizer, images, labels, forgetting)
                schedule.step()
                if epoch + 1 in self._checkpoint_epochs():
                    content = io.BytesIO()
                    state = {"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
                    state |= {"weights": supernet.state_dict(), "forgetting": forgetting.state_dict()}
                    torch.save(state, content)
                    atomic_write(folder / self._file(epoch + 1), content.getvalue())

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


def _saved(path: Path) -> dict[str, Any]:
    """What a checkpoint holds, in the memory of the CPU.

    Raises:
        CorruptDataError: it is damaged, or not there.
    """
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, LookupError, RuntimeError, pickle.UnpicklingError) as error:
        raise CorruptDataError(
            f"{path} is no checkpoint of a supernet ({type(error).__name__}); delete {path.parent}, and the next run "
            "trains it again"
        ) from error
    return saved


def _accuracy(supernet: Supernet, arch: Architecture, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Percent of the images that an architecture classifies correctly."""
    with torch.no_grad():
        return 100 * float((supernet(images, arch).argmax(1) == labels).float().mean())
