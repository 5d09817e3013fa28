"""Documents that are parts one after the other, whatever their format and whatever they are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .table import Table


@dataclass(frozen=True)
class Figure:
    """A picture of an HTML page; other formats leave it out, so that no fact may stand in it alone.

    Attributes:
        caption: what it shows.
        element: as `svg.svg` makes it.
    """

    caption: str
    element: Markup


@dataclass(frozen=True)
class Part:
    """What a page says of one thing.

    Attributes:
        title: its heading.
        facts: (name, text) of what the numbers are about.
        sentences: the findings in words.
        tables, figures: the numbers.
        gallery: small pictures, shown together below the tables.
        partial: what must be said where scores are missing; empty where none is.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    sentences: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    gallery: Sequence[Figure] = ()
    partial: str = ""


@dataclass(frozen=True)
class Page:
    """A whole document.

    Attributes:
        title: its heading.
        parts: what it says.
        notes: what could not be shown, and why.
        how_to_read: (term, explanation), written once at the end.
    """

    title: str
    parts: Sequence[Part]
    notes: Sequence[str]
    how_to_read: Sequence[tuple[str, str]]
