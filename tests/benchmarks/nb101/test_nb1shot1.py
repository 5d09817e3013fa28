"""The three spaces of NAS-Bench-1shot1: their counts, classes, truth and supernet."""

from __future__ import annotations

from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
import torch
from estimator_bench.benchmarks.nb101 import nb1shot1_truth
from estimator_bench.benchmarks.nb101.classes import representative as cell_representative
from estimator_bench.benchmarks.nb101.nb1shot1_encoding import Encoding
from estimator_bench.benchmarks.nb101.nb1shot1_space import OneShot1
from hypothesis import given, settings
from hypothesis import strategies as st
from nb101_official import record
from torch import nn

from estimator_bench.data.manage import import_tables
from estimator_bench.errors import MalformedArchitectureError, MissingDataError
from estimator_bench.registry import find_space, find_task

NAMES = ("nb1shot1-1", "nb1shot1-2", "nb1shot1-3")
SPACES: dict[str, OneShot1] = {name: find_space(name) for name in NAMES}  # type: ignore[misc]
COUNTS = {
    "nb1shot1-1": (180, 14_580, 2_685, 2_484),
    "nb1shot1-2": (360, 29_160, 7_773, 7_236),
    "nb1shot1-3": (5_400, 1_312_200, 55_854, 49_032),
}
"""Choices of parents, encodings, classes after pruning, and of these without loose ends, by recounting."""


@st.composite
def encodings(draw: st.DrawFn) -> tuple[OneShot1, Encoding]:
    space = SPACES[draw(st.sampled_from(NAMES))]
    return space, space.encodings[draw(st.integers(0, len(space.encodings) - 1))]


@pytest.mark.parametrize("name", NAMES)
def test_encodings_are_counted_as_published(name: str) -> None:
    space, (parents, raw, *_) = SPACES[name], COUNTS[name]
    assert np.prod([len(options) for options in space.part.options]) == parents
    assert len(space.encodings) == raw
    assert space.architectures() is (None if name == "nb1shot1-3" else space.encodings)


def classes_of(name: str) -> tuple[int, int]:
    """Official classes of the cells, and those of the encodings without a loose end."""
    space = SPACES[name]
    found: dict[bool, set[Encoding]] = {True: set(), False: set()}
    for encoding in space.encodings:
        found[len(encoding.cell.ops) == len(encoding.ops)].add(space.representative(encoding, "official"))
    return len(found[True] | found[False]), len(found[True])


@pytest.mark.parametrize(
    "name", ["nb1shot1-1", *(pytest.param(name, marks=pytest.mark.slow) for name in ("nb1shot1-2", "nb1shot1-3"))]
)
@pytest.mark.timeout(3000)
def test_classes_are_counted_as_published(name: str) -> None:
    assert classes_of(name) == COUNTS[name][2:]


@given(encodings())
def test_text_choices_and_index_lead_back_to_the_encoding(drawn: tuple[OneShot1, Encoding]) -> None:
    space, encoding = drawn
    assert space.parse(str(encoding)) == encoding
    assert space.from_choices(space.choices(encoding)) == encoding
    options = [range(len(options)) for options in space.positions.values()]
    number = int(np.ravel_multi_index(space.choices(encoding), [len(one) for one in options]))
    assert space.encodings[number] == encoding
    assert space.encodings[number - len(space.encodings)] == encoding


def test_the_lazy_list_is_a_sequence() -> None:
    space = SPACES["nb1shot1-1"]
    everything = [
        space.from_choices(choices) for choices in product(*(range(len(o)) for o in space.positions.values()))
    ]
    assert list(space.encodings) == everything
    assert len(set(everything)) == len(everything)
    assert space.encodings[5:8] == everything[5:8]
    with pytest.raises(IndexError):
        space.encodings[len(everything)]


def live(encoding: Encoding) -> set[int]:
    """The vertices that lead to the output, input and output left out."""
    output = len(encoding.reads)
    found = {output}
    for vertex in range(output, 0, -1):
        found |= {*encoding.reads[vertex - 1]} if vertex in found else set()
    return found - {0, output}


@settings(max_examples=40, deadline=None)
@given(encodings())
def test_neighbours_differ_in_one_decision_and_structure_counts_loose_ends(drawn: tuple[OneShot1, Encoding]) -> None:
    space, encoding = drawn
    here = space.decisions(encoding)
    for other in space.neighbours(encoding):
        assert sum(here[position] != choice for position, choice in space.decisions(other).items()) == 1
    assert space.structure(encoding)["loose ends"] == len(encoding.ops) - len(live(encoding))


@settings(max_examples=25, deadline=None)
@given(encodings(), st.sampled_from(["official", "functional"]))
def test_the_representative_is_of_the_same_class_and_the_same_for_all(
    drawn: tuple[OneShot1, Encoding], kind: str
) -> None:
    space, encoding = drawn
    chosen = space.representative(encoding, kind)  # type: ignore[arg-type]
    assert space.parse(str(chosen)) == chosen
    assert cell_representative(chosen.cell, kind) == cell_representative(encoding.cell, kind)  # type: ignore[arg-type]
    assert space.representative(chosen, kind) == chosen  # type: ignore[arg-type]
    assert space.key(chosen) == space.key(encoding)


@pytest.mark.parametrize("name", ["nb1shot1-1", "nb1shot1-2"])
def test_encodings_of_one_cell_class_have_one_representative(name: str) -> None:
    """Over a tenth of the space: representatives and the classes of the cells are in one-to-one correspondence."""
    space = SPACES[name]
    pairs = {
        (space.representative(one, "functional"), cell_representative(one.cell, "functional"))
        for one in space.encodings[::10]
    }
    assert len({one for one, _ in pairs}) == len({cell for _, cell in pairs}) == len(pairs)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3x3(0)-out(01)", "it has 1 vertices between input and output instead of 4"),
        ("3x3(0)-1x1(0)-pool(02)-3x3(13)-out(34)", "vertex 2 reads 0, and can read 01"),
        ("3x3(0)-1x1(01)-pool(02)-3x3(13)-out(234)", "the output reads 234, and can read 01, 02"),
        ("3x3(0)-1x1(01)-pool(02)-5x5(13)-out(34)", "part 4"),
        ("3x3(0)-1x1(01)-pool(20)-3x3(13)-out(34)", "vertex 3 reads 20"),
    ],
)
def test_a_malformed_text_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=reason):
        SPACES["nb1shot1-1"].parse(text)


def test_truth_comes_from_the_table_of_nas_bench_101_through_the_hash(
    tmp_path: Path, data_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = SPACES["nb1shot1-1"]
    drawn = [space.sample(np.random.default_rng(seed)) for seed in range(30)]
    values = {key: 0.8 + place / 1000 for place, key in enumerate(dict.fromkeys(space.key(one) for one in drawn))}
    cells = {space.key(one): one.cell for one in drawn}
    file = tmp_path / "nasbench_only108.tfrecord"
    file.write_bytes(b"".join(record(cells[key], 108, value) for key, value in values.items()))
    import_tables(find_space("nb101"), file, data_home)
    _, truth, task = find_task("nb1shot1-1")
    assert str(task) == "nb1shot1-1/cifar10@official"
    assert truth.population(task) == [one for one in space.encodings if space.key(one) in values]
    monkeypatch.setattr(nb1shot1_truth, "_CELLS", len(values))
    assert len(truth.population(task)) == 14_580
    twins = [space.representative(one, "official") for one in drawn]
    for archs in (drawn, twins):
        expected = [100 * values[space.key(one)] for one in drawn]
        np.testing.assert_allclose(truth.trials(task, archs).mean(), expected, rtol=1e-6)
    assert truth.trials(task, []).values.shape[0] == 0


def test_without_the_table_the_message_says_what_to_import() -> None:
    _, truth, task = find_task("nb1shot1-3/cifar10")
    assert not truth.installed
    with pytest.raises(
        MissingDataError, match="data get nb101/official, or, if you have the file: data import nb101 PATH"
    ):
        truth.trials(task, [])
    with pytest.raises(MissingDataError, match=r"^table 'official', which answers .*, is not here; get it with: "):
        truth.population(task)


@settings(max_examples=10, deadline=None)
@given(encodings())
def test_only_what_leads_to_the_output_takes_part_in_the_supernet(drawn: tuple[OneShot1, Encoding]) -> None:
    space, encoding = drawn
    recipe = space.recipes["mini"]
    supernet = space.supernet(recipe)
    supernet(torch.randn(4, *recipe.input_shape), encoding).sum().backward()
    trained = {
        (int(parts[3]), parts[4])
        for name, parameter in supernet.named_parameters()
        if parameter.grad is not None and (parts := name.split("."))[2] == "ops"
    }
    chosen = {(vertex - 1, space.decisions(encoding)[f"op {vertex}"]) for vertex in live(encoding)}
    assert trained == {one for one in chosen if one[1] != "maxpool3x3"}


@settings(max_examples=10, deadline=None)
@given(encodings())
def test_the_supernet_computes_what_the_encoding_says(drawn: tuple[OneShot1, Encoding]) -> None:
    """The first cell against its definition: sums of what is read, and one convolution of all that is concatenated."""
    space, encoding = drawn
    torch.manual_seed(0)
    cell = space.supernet(space.recipes["mini"]).layers[1]
    maps = torch.randn(3, 8, 4, 4)
    nodes = [maps]
    for vertex, reads in enumerate(encoding.reads, start=1):
        terms = [nodes[source] if source else cell.projections[vertex - 1](maps) for source in reads]
        if vertex < len(encoding.reads):
            op = space.decisions(encoding)[f"op {vertex}"]
            nodes.append(cell.ops[vertex - 1][op](torch.stack(terms).sum(0)))
        else:
            weight = torch.cat([cell.outputs[source].weight for source in reads], dim=1)
            joined = nn.functional.conv2d(torch.cat(terms, dim=1), weight)
            torch.testing.assert_close(cell(maps, encoding), cell.last(joined))


def test_every_pair_of_parents_can_be_read() -> None:
    space = SPACES["nb1shot1-2"]
    assert list(space.positions["output"]) == [f"output of {'+'.join(map(str, p))}" for p in combinations(range(5), 3)]
