"""The macro-level space of TransNAS-Bench-101."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.errors import UsageError
from estimator_bench.space import FlopsConvention, NetworkRecipe, SearchSpace

from . import complexity, structure
from .recipes import CITATION, LINEAR, task_recipe
from .shapes import BLOCKS, shapes
from .skeleton import LENGTHS, MODULE_TYPES, Skeleton, is_skeleton, skeletons

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.data.importer import Importer
    from estimator_bench.ground_truth import GroundTruth
    from estimator_bench.networks.supernet import Supernet

_MINI = (("width", 4), ("stem_stride", 1), ("tiles", 1), ("decoder", LINEAR))


class TransNasMacro(SearchSpace[Skeleton]):
    """All 3,256 skeletons of four to six modules of two residual blocks.

    Recipes:
        official: the networks for scenes. Every task has a recipe of its own; `recipes` says which.
        mini: narrow, with a stem that keeps the size, for grey images of digits enlarged to 16x16 pixels, which can be
            halved four times.
    """

    name: ClassVar[str] = "transnas-macro"
    title: ClassVar[str] = "TransNAS-Bench-101, macro level"
    citation: ClassVar[str] = CITATION
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = {
        "official": task_recipe("class_scene"),
        "mini": NetworkRecipe("mini", (1, 16, 16), 10, _MINI),
    }

    def parse(self, text: str) -> Skeleton:
        """The skeleton of an official string, such as `64-123412-basic`."""
        return Skeleton.parse(text)

    def sample(self, rng: np.random.Generator) -> Skeleton:
        """One of all skeletons, each with the same probability."""
        return skeletons()[rng.integers(len(skeletons()))]

    def neighbours(self, arch: Skeleton) -> Sequence[Skeleton]:
        """Another type of one module, in the order of modules and types; then without the last, then with one more.

        A module is added or left out at the end only, since elsewhere all that follow would move by one place.
        """
        types = arch.types
        edited = [
            (*types[:place], other, *types[place + 1 :])
            for place, own in enumerate(types)
            for other in MODULE_TYPES
            if other != own
        ]
        edited += [types[:-1], *((*types, other) for other in MODULE_TYPES)]
        return [Skeleton(one) for one in edited if is_skeleton(one)]

    def decisions(self, arch: Skeleton) -> Mapping[str, str]:
        """The type of each module there is."""
        return {f"module {place}": MODULE_TYPES[module] for place, module in enumerate(arch.types, start=1)}

    def encode(self, arch: Skeleton) -> NDArray[np.float64]:
        """(30,) for each of six modules one-hot whether it is absent or of which type, as in NASLib's tuples."""
        padded = [*arch.types, *[0] * (max(LENGTHS) - len(arch.types))]
        return np.eye(len(MODULE_TYPES) + 1)[padded].reshape(-1)

    def architectures(self) -> Sequence[Skeleton]:
        """All 3,256 skeletons in the index order of the benchmark's own file."""
        return skeletons()

    def structure(self, arch: Skeleton) -> Mapping[str, float]:
        """Depth, and where the size changes; `structure` says what is counted."""
        return structure.skeleton_structure(arch)

    def graph(self, arch: Skeleton) -> ArchitectureGraph:
        """Stem, modules and decoder in a row: channels, and how much smaller than the image the maps are."""
        sizes = shapes(arch.types, self.recipes["official"])
        behind = [sizes.stem[-1], *(after for _, after in sizes.blocks[::BLOCKS])]
        names = (f"{maps.channels} /{sizes.image.height // maps.height}" for maps in behind)
        return ArchitectureGraph.row("image", *names, "decoder")

    def parameters(self, arch: Skeleton, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network."""
        return int(complexity.skeleton_cost(arch, recipe)[0])

    def flops(self, arch: Skeleton, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Cost of one forward pass for one image; `complexity.flops` says what each convention counts."""
        return complexity.flops(complexity.skeleton_cost(arch, recipe), convention)

    def build(self, arch: Skeleton, recipe: NetworkRecipe) -> nn.Module:
        """A freshly initialised network; draws its weights from torch's global generator."""
        from .network import skeleton_network

        return skeleton_network(arch, recipe)

    def supernet(self, recipe: NetworkRecipe) -> Supernet:
        """There is none.

        Raises:
            UsageError: always, with the reason.
        """
        raise UsageError(
            f"space '{self.name}' has no supernet for recipe '{recipe.name}': a module changes the channels of "
            "all that follow, so that its architectures hardly have a weight in common"
        )

    def ground_truths(self) -> Sequence[GroundTruth]:
        """The benchmark's values for seven tasks, and a table that users can make."""
        from .truth import ground_truths

        return ground_truths(self)

    def importers(self) -> Sequence[Importer]:
        """How the file of final values becomes a table."""
        from .importers import MacroValues

        return [MacroValues()]
