"""What can be fetched: the files of an importer, and where they lie on the web."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Download:
    """One file that `data get` fetches.

    Attributes:
        file: its name, under which the importer looks for it; no folder.
        urls: where it can be got, http or https, in the order of trying: official locations first, then mirrors.
        sha256: of the file, in hexadecimal; None if nobody has published it, and then the importer alone judges.
        size: in bytes; None if unknown.
    """

    file: str
    urls: tuple[str, ...]
    sha256: str | None = None
    size: int | None = None


class Watcher:
    """Is told how a download gets on; this one is silent."""

    def note(self, text: str) -> None:
        """Something worth a line has happened."""

    def received(self, file: str, size: int, total: int | None) -> None:
        """So many bytes of a file are here, of a total that may be unknown."""
