"""Which tables a user means by a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from estimator_bench.data import manage
from estimator_bench.data.get import Source
from estimator_bench.data.image_tables import IMAGES, IMPORTED
from estimator_bench.errors import UnknownNameError
from estimator_bench.registry import find_space, names
from estimator_bench.space import AnySpace


@dataclass(frozen=True)
class Chosen:
    """Some tables of a search space, or some image sets.

    Attributes:
        owner: name of the space, or `images`.
        space: the space; None for image sets.
        tables: names of the tables that are meant.
        whole: whether they were not named one by one.
    """

    owner: str
    space: AnySpace | None
    tables: Sequence[str]
    whole: bool = True

    @property
    def sources(self) -> list[Source]:
        """Where the tables come from; those that this project makes itself come from nowhere."""
        if self.space is None:
            return [Source(IMAGES, manage.IMAGE_IMPORTERS[name]) for name in self.tables]
        return [Source(self.owner, one) for one in self.space.importers() if one.table in self.tables]

    @property
    def states(self) -> list[manage.TableState]:
        """What there is of each table."""
        if self.space is None:
            return manage.list_images(self.tables)
        return [state for state in manage.list_tables([self.space]) if state.table in self.tables]

    @property
    def verified(self) -> list[manage.Verified]:
        """Each table there is, read again."""
        if self.space is None:
            return manage.verify([], self.tables)
        return [one for one in manage.verify([self.space]) if one.table in self.tables]


def choose(wanted: Sequence[str]) -> list[Chosen]:
    """The tables of some names, each a search space, an image set, or `space/table`.

    Raises:
        UnknownNameError: a name that is none of these.
    """
    return [_choose(name) for name in wanted]


def _choose(name: str) -> Chosen:
    owner, slash, table = (f"{IMAGES}/{name}" if name in IMPORTED else name).partition("/")
    if owner != IMAGES and owner not in names("space"):
        raise UnknownNameError("space or image set", name, [*names("space"), *IMPORTED])
    everything = Chosen(IMAGES, None, IMPORTED) if owner == IMAGES else _all_of(find_space(owner))
    if not slash:
        return everything
    if table not in everything.tables:
        raise UnknownNameError("table", name, [f"{owner}/{one}" for one in everything.tables])
    return replace(everything, tables=[table], whole=False)


def _all_of(space: AnySpace) -> Chosen:
    tables = [state.table for state in manage.list_tables([space])]
    tables += [one.table for one in space.importers() if one.table not in tables]
    return Chosen(space.name, space, tables)
