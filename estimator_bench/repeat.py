"""How often a measurement is repeated, and what differs between the repeats."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Literal, TypeAlias

from estimator_bench.errors import UnknownNameError, UsageError

Field: TypeAlias = Literal["weights", "batch", "batch_size", "inputs"]
"""What may differ between repeats: a field of the protocol."""


@dataclass(frozen=True)
class Axis:
    """One thing that differs between repeats.

    Attributes:
        field: of the protocol.
        levels: its values, two or more.
    """

    field: Field
    levels: tuple[int | str, ...]

    @property
    def title(self) -> str:
        """For people, such as `batch size`."""
        return self.field.replace("_", " ")

    @property
    def drawn(self) -> bool:
        """Whether the levels are random draws of one kind, and not chosen values."""
        return self.field in ("weights", "batch")

    def label(self, level: int | str) -> str:
        """A level for people: `weights 1`, `batch size 32`, or the name of inputs alone."""
        return str(level) if self.field == "inputs" else f"{self.title} {level}"


@dataclass(frozen=True)
class Repeat:
    """The repeats of a protocol: all combinations of the levels of its axes.

    Attributes:
        seeds: draws of the initial weights, and of the training of a supernet.
        batches: draws of the batch.
        batch_sizes: images in it; empty for that of the protocol alone.
        inputs: what the images are; empty for those of the protocol alone.
    """

    seeds: int = 1
    batches: int = 1
    batch_sizes: tuple[int, ...] = ()
    inputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, count in (("seeds", self.seeds), ("batches", self.batches)):
            if count < 1:
                raise UsageError(f"--repeat {name}={count}: give a count of 1 or more")
        for name, levels in (("batch-size", self.batch_sizes), ("inputs", self.inputs)):
            if len(levels) == 1:
                raise UsageError(
                    f"--repeat {name}={levels[0]}: give two values or more, joined by |; a single one is for --{name}"
                )
            if len(set(levels)) < len(levels):
                raise UsageError(f"--repeat {name}={'|'.join(map(str, levels))}: a value is given twice")

    @classmethod
    def parse(cls, text: str) -> Repeat:
        """The repeats written as `seeds=5,batches=3,batch-size=32|64,inputs=gaussian|cifar10`, any of these.

        Raises:
            UsageError: it is not of this form, or a value makes no sense.
        """
        found: dict[str, str] = {}
        for item in filter(None, (part.strip() for part in text.split(","))):
            name, equals, value = item.partition("=")
            if name not in WRITTEN:
                raise UnknownNameError("axis of --repeat", name, WRITTEN)
            if not equals or not value:
                raise UsageError(f"--repeat '{text}': write {name}=..., as in {EXAMPLE}")
            if name in found:
                raise UsageError(f"--repeat '{text}': {name} is given twice")
            found[name] = value
        return cls(
            seeds=_count("seeds", found.get("seeds", "1")),
            batches=_count("batches", found.get("batches", "1")),
            batch_sizes=tuple(_count("batch-size", one) for one in _members(found, "batch-size")),
            inputs=tuple(_members(found, "inputs")),
        )

    def __str__(self) -> str:
        """As `parse` reads it; empty for a single run."""
        values = {
            "seeds": self.seeds if self.seeds > 1 else "",
            "batches": self.batches if self.batches > 1 else "",
            "batch-size": "|".join(map(str, self.batch_sizes)),
            "inputs": "|".join(self.inputs),
        }
        return ",".join(f"{name}={value}" for name, value in values.items() if value)

    def on(self, conditions: Collection[str]) -> Repeat:
        """The repeats that can matter to scores which depend on these fields of the protocol alone."""
        unaffected = {name: getattr(ONCE, name) for name, field in FIELDS.items() if field not in conditions}
        return replace(self, **unaffected)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """What differs, the slowest first."""
        found = (
            Axis("weights", tuple(range(self.seeds))),
            Axis("batch", tuple(range(self.batches))),
            Axis("batch_size", self.batch_sizes),
            Axis("inputs", self.inputs),
        )
        return tuple(axis for axis in found if len(axis.levels) > 1)

    @property
    def names(self) -> list[str]:
        """Of the repeats: all combinations, the last axis the fastest; one empty name where nothing is repeated."""
        labels = ([axis.label(level) for level in axis.levels] for axis in self.axes)
        return [", ".join(chosen) for chosen in product(*labels)]

    @property
    def count(self) -> int:
        """How many repeats there are."""
        return prod(len(axis.levels) for axis in self.axes)


ONCE = Repeat()
"""Nothing is repeated."""
FIELDS: dict[str, Field] = {
    "seeds": "weights",
    "batches": "batch",
    "batch_sizes": "batch_size",
    "inputs": "inputs",
}
"""The field of the protocol that each attribute of `Repeat` is about."""
WRITTEN = ("seeds", "batches", "batch-size", "inputs")
EXAMPLE = "seeds=5,batches=3,batch-size=32|64,inputs=gaussian|cifar10"


def _members(found: dict[str, str], name: str) -> list[str]:
    return [member.strip() for member in found[name].split("|")] if name in found else []


def _count(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--repeat {name}={text}: write a whole number, as in {EXAMPLE}") from None
