"""Reading JSON files that nobody vouches for."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NoReturn

from estimator_bench.errors import CorruptDataError


def parse_json(path: Path, content: bytes, *, allow_nan: bool = False, without: Collection[str] = ()) -> Any:
    """What a JSON file holds.

    Args:
        path: of the file, for messages.
        content: of it, unpacked.
        allow_nan: take the words NaN, Infinity and -Infinity, which Python writes though JSON has no such numbers.
        without: names that are left out of every object as soon as it is read, so that what they hold takes no memory.

    Raises:
        CorruptDataError: it is no JSON, or says one thing twice.
    """

    def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise ValueError("a name is there twice")
        return {name: value for name, value in made.items() if name not in without} if without else made

    def refuse(text: str) -> NoReturn:
        raise ValueError(f"{text} is no number")

    try:
        return json.loads(content, object_pairs_hook=once, parse_constant=None if allow_nan else refuse)
    except (ValueError, RecursionError) as error:
        raise CorruptDataError(f"{path} is no JSON file of the expected form ({error}); get the file again") from error
