"""Which architectures are scored, on which inputs, with which labels and seeds: what makes two numbers comparable."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from estimator_bench.errors import UnknownNameError, UsageError
from estimator_bench.ground_truth import GroundTruth, Task
from estimator_bench.repeat import FIELDS, ONCE, Repeat
from estimator_bench.space import Architecture, SearchSpace

SAMPLED_POPULATION = 1_000
"""Architectures drawn where neither the ground truth nor the space can be enumerated."""

PopulationKind: TypeAlias = Literal["all", "official", "functional"]
"""What is scored and counts once: every architecture, or every class, by the benchmark's isomorphism or by function."""

DRAWS_PER_BASE = 100
"""Draws after which a space is taken to hold no further architecture."""


def what_counts(kind: str) -> str:
    """What a population of a kind is of, in the plural: `architectures`, `functional classes`."""
    return "architectures" if kind == "all" else f"{kind} classes"


def derive_seed(*parts: str | int) -> int:
    """A seed in [0, 2^63) that depends on `parts` alone: not on order, sharding, workers or hash randomisation."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@dataclass(frozen=True)
class Protocol:
    """The conditions of a measurement. Two runs with different protocols are not comparable.

    Attributes:
        seed: of the run; weights derive from (seed, class representative), the batch from the seed alone.
        labels: architectures whose ground truth a predictor may see.
        inputs: images of the batch for zero-cost estimators, `gaussian` or the name of a data set.
        batch_size: images in that batch.
        sources: tasks an estimator may transfer from, with all their labels.
        device: where networks run, such as `cpu` or `cuda`.
        population: what counts once, an architecture or a class; the truth of a class is the mean over its members.
        repeat: how often it is repeated. The first of the inputs and batch sizes named there is the protocol's own.
        weights, batch: which repetition of the initial weights and of the batch this is, 0 for the first; set by
            `variants`.
    """

    seed: int = 0
    labels: int = 100
    inputs: str = "gaussian"
    batch_size: int = 64
    sources: tuple[str, ...] = ()
    device: str = "cpu"
    population: PopulationKind = "all"
    repeat: Repeat = ONCE
    weights: int = 0
    batch: int = 0

    def __post_init__(self) -> None:
        for name, levels in (("inputs", self.repeat.inputs), ("batch_size", self.repeat.batch_sizes)):
            if levels:
                self._begin_with(name, levels)
        if self.labels < 0:
            raise UsageError(f"the number of labels must not be negative, not {self.labels}")
        if self.batch_size < 2:
            raise UsageError(f"--batch-size {self.batch_size}: batch statistics need at least 2 images")
        if self.population not in get_args(PopulationKind):
            raise UnknownNameError("population", self.population, get_args(PopulationKind))

    def rng(self, *purpose: str) -> np.random.Generator:
        """A generator for one purpose, independent of those for other purposes."""
        return np.random.default_rng(derive_seed(self.seed, *purpose))

    def weights_seed(self, *purpose: str | int) -> int:
        """A seed of whatever is drawn anew in each repetition of the weights; in the first, that of the run seed."""
        return derive_seed(self.seed, *purpose, *_repetition("weights", self.weights))

    def batch_seed(self, *purpose: str | int) -> int:
        """A seed of whatever is drawn anew in each repetition of the batch; in the first, that of the run seed."""
        return derive_seed(self.seed, *purpose, *_repetition("batch", self.batch))

    @property
    def repetition(self) -> tuple[str | int, ...]:
        """Parts of a seed that is another in each repetition of weights or batch; empty in the first of both."""
        return (*_repetition("weights", self.weights), *_repetition("batch", self.batch))

    def variants(self, conditions: Collection[str] = tuple(FIELDS.values())) -> list[tuple[str, Protocol]]:
        """The repeats, each with its name and a protocol that repeats nothing.

        All combinations, inputs the fastest. The first is this protocol without its repeats.

        Args:
            conditions: fields that matter; variants that differ in others alone are left out.
        """
        repeat = self.repeat.on(conditions)
        found = []
        for name, levels in zip(repeat.names, product(*(axis.levels for axis in repeat.axes)), strict=True):
            chosen: dict[str, Any] = {axis.field: level for axis, level in zip(repeat.axes, levels, strict=True)}
            found.append((name, replace(self, repeat=ONCE, **chosen)))
        return found

    def plain(self) -> dict[str, Any]:
        """As plain values by name; what concerns repeats is named where something is repeated."""
        found = asdict(self) | {"repeat": str(self.repeat)}
        return {name: value for name, value in found.items() if value or name not in ("repeat", "weights", "batch")}

    def _begin_with(self, name: str, levels: Sequence[int | str]) -> None:
        """Take the first of repeated values for the protocol's own, which may be another one by default only."""
        (default,) = (field.default for field in fields(self) if field.name == name)
        given = getattr(self, name)
        if given not in (default, *levels):
            option = name.replace("_", "-")
            raise UsageError(
                f"--{option} {given} is none of those of --repeat {option}={'|'.join(map(str, levels))}: name it "
                "there, or leave it out"
            )
        object.__setattr__(self, name, levels[0])


def _repetition(what: str, number: int) -> tuple[str | int, ...]:
    """Parts of a seed; none for the first repetition, which is the run that is not repeated."""
    return (f"repetition of {what}", number) if number else ()


@dataclass(frozen=True)
class Limit:
    """How much of the population is scored: a count or a share (`200`, `5%`)."""

    text: str
    count: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, text: str) -> Limit:
        """The limit written as `text`.

        Raises:
            UsageError: neither a positive whole number nor a percentage in (0, 100].
        """
        number = text.removesuffix("%")
        try:
            limit = cls(text, share=float(number) / 100) if text.endswith("%") else cls(text, count=int(number))
        except ValueError:
            raise UsageError(f"--limit '{text}': write a count such as 200, or a share such as 5%") from None
        if (limit.count is not None and limit.count < 1) or (limit.share is not None and not 0 < limit.share <= 1):
            raise UsageError(f"--limit '{text}': must be a positive count or a share above 0% and up to 100%")
        return limit

    def of(self, total: int) -> int:
        """Architectures left of `total`; at least one."""
        wanted = self.count if self.count is not None else int((self.share or 0) * total + 1e-9)
        return min(total, max(1, wanted))


def full_population(space: SearchSpace[Any], truth: GroundTruth, task: Task) -> Sequence[Architecture]:
    """The architectures a task can be measured on, in a fixed order; a fixed sample where they cannot be enumerated."""
    population = truth.population(task)
    if population is None:
        population = space.architectures()
    if population is None:
        rng = np.random.default_rng(derive_seed("population", space.name))
        population = list(dict.fromkeys(space.sample(rng) for _ in range(SAMPLED_POPULATION)))
    return population


def mutation_population(space: SearchSpace[Any], bases: int, seed: int) -> list[Architecture]:
    """Architectures that are one edit apart, for spaces too large to hold such pairs in a sample.

    Args:
        space: where they come from.
        bases: how many different architectures are drawn; a larger number adds to those of a smaller one.
        seed: of the draw.

    Returns:
        Each base followed by all its neighbours, in the order of the draw, none twice.

    Raises:
        UsageError: `bases` is below 1, or more than the space holds.
    """
    everywhere = space.architectures()
    drawn: dict[Architecture, None] = {}
    if everywhere is None or bases <= len(everywhere):
        rng = np.random.default_rng(derive_seed(seed, "mutations", space.name))
        for _ in range(DRAWS_PER_BASE * bases):
            drawn[space.sample(rng)] = None
            if len(drawn) == bases:
                break
    if not 0 < bases <= len(drawn):
        raise UsageError(f"{bases} bases for mutations: give a number from 1 to what space '{space.name}' holds")
    return list(dict.fromkeys(arch for base in drawn for arch in (base, *space.neighbours(base))))


def scored_population(
    population: Sequence[Architecture], protocol: Protocol, limit: Limit | None
) -> Sequence[Architecture]:
    """The architectures to score: all, or a uniform draw by the protocol's seed.

    A smaller limit gives a subset of a larger one, so that raising the limit reuses every score.
    """
    if limit is None or limit.of(len(population)) == len(population):
        return population
    order = protocol.rng("limit").permutation(len(population))
    return [population[i] for i in sorted(order[: limit.of(len(population))])]
