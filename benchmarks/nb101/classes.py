"""Which cells are held to be the same architecture.

`official` (423,624 classes) is isomorphism: two cells are the same if renumbering the vertices of one gives the other.
The benchmark names a class by the hash of `module_hash`, and trained one network of each.

`functional` merges cells whose networks compute the same function given corresponding weights. That is finer, since
the channels of the vertices that the output reads depend on their order: where their number does not divide the
output's channels, the first ones get one channel more, and isomorphic cells have different networks. So where three
or five vertices are concatenated, a renumbering must keep their order; one, two and four share evenly, because the
recipes have a multiple of four channels at every stage. Max pooling has no weights, but equal poolings of equal
vertices are not merged.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from estimator_bench.space import ClassKind

from .cell import Cell

_INPUT, _OUTPUT = -1, -2


def module_hash(cell: Cell) -> bytes:
    """The 16 bytes that the benchmark's files name the class of a cell by, as hexadecimal digits.

    Each vertex starts with the digest of its degrees and its operation; as often as there are vertices, it takes in the
    sorted digests of the vertices that it reads and of those that read it (Ying et al., ICML 2019, appendix).
    """
    before = [(), *cell.reads]
    after: list[list[int]] = [[] for _ in before]
    for target, sources in enumerate(before):
        for source in sources:
            after[source].append(target)
    around = list(zip(before, after, (_INPUT, *cell.ops, _OUTPUT), strict=True))
    digests = [_first_digest(len(outgoing), len(incoming), label) for incoming, outgoing, label in around]
    for _ in digests:
        old = digests.__getitem__
        digests = [
            _digest(f"{''.join(sorted(map(old, incoming)))}|{''.join(sorted(map(old, outgoing)))}|{own}")
            for (incoming, outgoing, _), own in zip(around, digests, strict=True)
        ]
    return hashlib.md5(str(sorted(digests)).encode(), usedforsecurity=False).digest()


def representative(cell: Cell, kind: ClassKind) -> Cell:
    """The canonical member of the class of `cell`: the first one in the order of what each vertex reads and does."""
    if kind == "encoding":
        return cell
    return _first_renumbering(cell, keeps_order=order_matters(cell, kind))


def order_matters(cell: Cell, kind: ClassKind) -> bool:
    """Whether renumberings inside a class must keep the order of the vertices that the output reads."""
    return kind == "functional" and len(cell.reads[-1]) - (0 in cell.reads[-1]) in (3, 5)


@lru_cache(maxsize=1 << 16)
def _first_renumbering(cell: Cell, *, keeps_order: bool) -> Cell:
    """The least cell among the renumberings.

    Cells are compared vertex by vertex, so only beginnings that are least themselves can be continued.

    Args:
        cell: to be renumbered.
        keeps_order: whether the vertices that the output reads keep their order.
    """
    output = cell.vertices - 1
    concatenated = [vertex for vertex in cell.reads[-1] if vertex] if keeps_order else []
    beginnings: list[dict[int, int]] = [{0: 0}]
    ops, reads = [], []
    for place in range(1, output):
        options: list[tuple[tuple[int, ...], int, dict[int, int]]] = []
        for places in beginnings:
            waiting = [vertex for vertex in concatenated if vertex not in places]
            for vertex in range(1, output):
                sources = cell.reads[vertex - 1]
                ready = vertex not in places and all(source in places for source in sources)
                if ready and (vertex not in waiting or vertex == waiting[0]):
                    read = tuple(sorted(places[source] for source in sources))
                    options.append((read, cell.ops[vertex - 1], {**places, vertex: place}))
        least = min(option[:2] for option in options)
        beginnings = [places for *key, places in options if tuple(key) == least]
        reads.append(least[0])
        ops.append(least[1])
    reads.append(min(tuple(sorted(places[source] for source in cell.reads[-1])) for places in beginnings))
    return Cell(tuple(ops), tuple(reads))


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@lru_cache
def _first_digest(out_degree: int, in_degree: int, label: int) -> str:
    return _digest(str((out_degree, in_degree, label)))
