"""What a search space is: architectures, their text form, neighbours, classes, and the networks they stand for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.errors import UsageError

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.architecture_graph import ArchitectureGraph
    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth
    from estimator_bench.networks.supernet import Supernet

ClassKind = Literal["encoding", "official", "functional"]
"""How architectures are held to be the same: by encoding, by the benchmark's isomorphism, by computed function."""


FlopsConvention = Literal["macs", "official", "naslib"]
"""What published FLOPs columns count: `macs` the multiply-adds of convolutions and linear layers, without biases and
normalisation; `official` what the benchmark's own table holds; `naslib` the sum printed in NASLib's score tables."""


def require_convention(convention: FlopsConvention, space: str, *offered: FlopsConvention) -> None:
    """Refuse to count FLOPs of a space by a convention that it does not have.

    Raises:
        UsageError: the convention is not among those that are offered.
    """
    if convention not in offered:
        raise UsageError(
            f"FLOPs of {space} are not counted by the convention '{convention}': ask for {' or '.join(offered)}"
        )


class Architecture(ABC):
    """One point of a search space: immutable, hashable, equal by value; `space.parse(str(arch)) == arch`.

    A frozen dataclass with slots fulfils this.
    """

    __slots__ = ()

    @abstractmethod
    def __str__(self) -> str: ...


A = TypeVar("A", bound=Architecture)


@dataclass(frozen=True)
class NetworkRecipe:
    """Which network an architecture stands for.

    One space has several recipes, and estimators score them differently, so the recipe is part of every number.

    Attributes:
        name: `official`, `mini`, ...
        input_shape: (channels, height, width) of one image.
        classes: outputs of the classifier.
        settings: what else the skeleton needs, such as (("width", 16), ("cells", 5)).
    """

    name: str
    input_shape: tuple[int, int, int]
    classes: int
    settings: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        settings = "".join(f", {name} {value}" for name, value in self.settings)
        return f"{self.name}: {'x'.join(map(str, self.input_shape))} inputs, {self.classes} classes{settings}"

    def __getitem__(self, setting: str) -> int:
        return dict(self.settings)[setting]

    def adapted(self, *, input_shape: tuple[int, int, int] | None = None, classes: int | None = None) -> Self:
        """The same skeleton for other images or another number of classes."""
        return replace(self, input_shape=input_shape or self.input_shape, classes=classes or self.classes)

    def require_multiples(self, factor: int, reason: str) -> None:
        """Refuse images that cannot be halved, or cut, as often as the networks do it.

        Args:
            factor: what height and width must be multiples of.
            reason: what of the networks asks for that, such as `for networks that halve them twice`.

        Raises:
            UsageError: they are not.
        """
        _, height, width = self.input_shape
        if height % factor or width % factor:
            raise UsageError(
                f"recipe '{self.name}' got images of {height}x{width} pixels {reason}: height and width must be "
                f"multiples of {factor}"
            )


class SearchSpace(ABC, Generic[A]):
    """A set of architectures and everything that is known of it.

    Subclasses are registered by name and constructed without arguments; construction must be cheap.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    citation: ClassVar[str]
    recipes: ClassVar[Mapping[str, NetworkRecipe]]

    @abstractmethod
    def parse(self, text: str) -> A:
        """The architecture a text form stands for.

        Raises:
            MalformedArchitectureError: the text is no architecture of this space.
        """

    def key(self, arch: A) -> bytes:
        """What tables name an architecture by; equal for all that the benchmark holds to be the same.

        The text form by default. Where equal architectures have different texts, bytes of one length, such as a hash.
        """
        return str(arch).encode()

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> A:
        """One architecture, drawn uniformly over encodings."""

    @abstractmethod
    def neighbours(self, arch: A) -> Sequence[A]:
        """All architectures at one edit from `arch`, without `arch` itself, in a fixed order."""

    @abstractmethod
    def decisions(self, arch: A) -> Mapping[str, str]:
        """The choice made at each named position; two neighbours differ in one of them."""

    def structure(self, arch: A) -> Mapping[str, float]:
        """Named features that say in the field's words what an architecture is made of, such as its depth.

        A feature that an architecture lacks counts as 0. The default counts how often each choice was made.
        """
        return Counter(self.decisions(arch).values())

    def graph(self, arch: A) -> ArchitectureGraph | None:  # noqa: ARG002 - for subclasses
        """What a drawing of the architecture shows; None if there is nothing to draw."""
        return None

    @abstractmethod
    def encode(self, arch: A) -> NDArray[np.float64]:
        """A feature vector of fixed length for predictors, such as the one-hot form of the decisions."""

    @abstractmethod
    def build(self, arch: A, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""

    @abstractmethod
    def ground_truths(self) -> Sequence[GroundTruth]:
        """What is known of the quality and cost of the architectures, installed or not; the default comes first."""

    def architectures(self) -> Sequence[A] | None:
        """All architectures in the benchmark's official index order, or None if they cannot be enumerated."""
        return None

    def representative(self, arch: A, kind: ClassKind) -> A:  # noqa: ARG002 - for subclasses
        """The canonical member of the class of `arch`: the same for all members, whatever the population.

        The default merges nothing, which is right for every estimator: a class only saves work.
        """
        return arch

    @abstractmethod
    def parameters(self, arch: A, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network."""

    @abstractmethod
    def flops(self, arch: A, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Cost of one forward pass for one image, counted in the way `convention` says."""

    def importers(self) -> Sequence[Importer]:
        """How the official files of this benchmark become tables of this project."""
        return ()

    def supernet(self, recipe: NetworkRecipe) -> Supernet:
        """A network that holds the weights of every architecture; an optional capability."""
        raise UsageError(f"space '{self.name}' has no supernet for recipe '{recipe.name}'")


AnySpace: TypeAlias = SearchSpace[Any]
