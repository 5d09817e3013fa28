"""NAS-Bench-1shot1 as three search spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, ClassVar, overload

from estimator_bench.architecture_graph import ArchitectureGraph
from estimator_bench.product_space import ProductSpace
from estimator_bench.space import ClassKind, FlopsConvention, NetworkRecipe

from . import classes, complexity, structure
from .cell import OPS
from .nb1shot1_encoding import PARTS, Encoding, Part, first_embedding
from .space import RECIPES

if TYPE_CHECKING:
    from torch import nn

    from estimator_bench.ground_truth import GroundTruth
    from estimator_bench.networks.supernet import Supernet


def _positions(part: Part) -> dict[str, Sequence[str]]:
    """What is chosen: first what vertices read, where there is a choice, then the operations."""
    *interior, output = ([_digits(option) for option in options] for options in part.options)
    reads = {f"reads {vertex}": [f"reads {one}" for one in options] for vertex, options in enumerate(interior, 1)}
    reads["output"] = [f"output of {one}" for one in output]
    ops = {f"op {vertex}": OPS for vertex in range(1, len(part.degrees))}
    return {name: options for name, options in {**reads, **ops}.items() if len(options) > 1}


def _digits(read: tuple[int, ...]) -> str:
    return "+".join(map(str, read))


class OneShot1(ProductSpace[Encoding]):
    """One part of NAS-Bench-1shot1: every vertex reads a fixed number of others.

    Encodings keep the vertices that lead nowhere; networks, sizes and truth are those of the cell of NAS-Bench-101 that
    is left without them. `architectures()` lists encodings, operations changing fastest.
    """

    part: ClassVar[Part]
    citation: ClassVar[str] = (
        "Zela et al., NAS-Bench-1Shot1: Benchmarking and Dissecting One-shot Neural Architecture Search, ICLR 2020"
    )
    recipes: ClassVar[Mapping[str, NetworkRecipe]] = RECIPES

    def parse(self, text: str) -> Encoding:
        """The encoding of a text form, such as `3x3(0)-1x1(01)-pool(02)-3x3(13)-out(34)`."""
        return Encoding.parse(text, self.part)

    def key(self, arch: Encoding) -> bytes:
        """The hash of NAS-Bench-101 of what is left without loose ends."""
        return classes.module_hash(arch.cell)

    def choices(self, arch: Encoding) -> tuple[int, ...]:
        """For each position the index of the option."""
        reads = zip(self.part.options, arch.reads, strict=True)
        return (*(options.index(read) for options, read in reads if len(options) > 1), *arch.ops)

    def from_choices(self, choices: Sequence[int]) -> Encoding:
        """The inverse of `choices`."""
        rest = iter(choices)
        reads = tuple(options[next(rest) if len(options) > 1 else 0] for options in self.part.options)
        return Encoding(tuple(rest), reads)

    @cached_property
    def encodings(self) -> Sequence[Encoding]:
        """All encodings, each made when it is asked for."""
        return _Encodings(self)

    def architectures(self) -> Sequence[Encoding] | None:
        """All encodings."""
        return self.encodings

    def representative(self, arch: Encoding, kind: ClassKind) -> Encoding:
        """The first encoding of the class; classes are those of the cells without loose ends."""
        if kind == "encoding":
            return arch
        cell = arch.cell
        return first_embedding(cell, self.part, keeps_order=classes.order_matters(cell, kind))

    def structure(self, arch: Encoding) -> Mapping[str, float]:
        """What the cell without loose ends is made of, and `loose ends`, how many vertices it lost."""
        cell = arch.cell
        return {**structure.structure(cell), "loose ends": len(arch.ops) - len(cell.ops)}

    def graph(self, arch: Encoding) -> ArchitectureGraph:
        """The encoding with its operations on the nodes, loose ends included."""
        edges = ((source, target, "") for target, sources in enumerate(arch.reads, start=1) for source in sources)
        return ArchitectureGraph(("input", *(OPS[op] for op in arch.ops), "output"), tuple(edges))

    def parameters(self, arch: Encoding, recipe: NetworkRecipe) -> int:
        """Trainable parameters of the network."""
        return complexity.parameters(arch.cell, recipe)

    def flops(self, arch: Encoding, recipe: NetworkRecipe, convention: FlopsConvention = "macs") -> int:
        """Cost of one forward pass for one image, as for NAS-Bench-101."""
        return complexity.flops(arch.cell, recipe, convention)

    def build(self, arch: Encoding, recipe: NetworkRecipe) -> nn.Module:
        """The network of NAS-Bench-101; draws its weights from torch's global generator."""
        from .network import CellNetwork

        return CellNetwork(arch.cell, recipe)

    def supernet(self, recipe: NetworkRecipe) -> Supernet:
        """A supernet whose vertices hold every operation, with torch's default initialisation."""
        from .nb1shot1_supernet import OneShot1Supernet

        return OneShot1Supernet(self.part, recipe)

    def ground_truths(self) -> Sequence[GroundTruth]:
        """What NAS-Bench-101 says of the cells, and small networks trained by this project."""
        from .nb1shot1_truth import ground_truths

        return ground_truths(self)


class OneShot1Sub1(OneShot1):
    """Four vertices; the output reads two."""

    name: ClassVar[str] = "nb1shot1-1"
    title: ClassVar[str] = "NAS-Bench-1shot1, space 1"
    part: ClassVar[Part] = PARTS[0]
    positions: ClassVar[Mapping[str, Sequence[str]]] = _positions(PARTS[0])


class OneShot1Sub2(OneShot1):
    """Four vertices; the output reads three."""

    name: ClassVar[str] = "nb1shot1-2"
    title: ClassVar[str] = "NAS-Bench-1shot1, space 2"
    part: ClassVar[Part] = PARTS[1]
    positions: ClassVar[Mapping[str, Sequence[str]]] = _positions(PARTS[1])


class OneShot1Sub3(OneShot1):
    """Five vertices; the output reads two. Its 1,312,200 encodings are sampled rather than listed."""

    name: ClassVar[str] = "nb1shot1-3"
    title: ClassVar[str] = "NAS-Bench-1shot1, space 3"
    part: ClassVar[Part] = PARTS[2]
    positions: ClassVar[Mapping[str, Sequence[str]]] = _positions(PARTS[2])

    def architectures(self) -> None:
        """None, so that nobody goes through all of them; `encodings` has them one by one."""
        return


class _Encodings(Sequence[Encoding]):
    """The product of the options of a part, without a list of it."""

    def __init__(self, space: OneShot1) -> None:
        self._space = space
        self._counts = [len(options) for options in space.positions.values()]

    def __len__(self) -> int:
        return prod(self._counts)

    @overload
    def __getitem__(self, index: int) -> Encoding: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Encoding]: ...
    def __getitem__(self, index: int | slice) -> Encoding | Sequence[Encoding]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        rest = range(len(self))[index]
        choices = []
        for count in reversed(self._counts):
            rest, choice = divmod(rest, count)
            choices.append(choice)
        return self._space.from_choices(choices[::-1])
