"""Text forms and records name architectures; whatever else is written is refused with its reason."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from estimator_bench.benchmarks.nds_cells.architecture import Cells, of_record
from estimator_bench.benchmarks.nds_cells.design import DARTS, ENAS
from estimator_bench.benchmarks.nds_cells.space import NdsCells
from hypothesis import given
from hypothesis import strategies as st
from nds_cell_architectures import FILES, architectures, net, records, space

from estimator_bench.errors import MalformedArchitectureError

TEXT = (
    "w16-d8 normal sep_conv_3x3:0+skip_connect:1 none:0+none:0 max_pool_3x3:3+dil_conv_5x5:2 avg_pool_3x3:4+none:1 "
    "reduce dil_conv_3x3:1+dil_conv_3x3:1 sep_conv_5x5:2+skip_connect:0 none:2+none:3 skip_connect:0+skip_connect:4"
)


@given(architectures())
def test_text_form_and_record_round_trip(found: tuple[NdsCells, Cells]) -> None:
    of, arch = found
    assert of.parse(str(arch)) == arch
    assert of_record(net(arch, of.design), of.design) == arch
    assert of.parse(json.dumps(net(arch, of.design))) == arch


def test_the_text_form_says_what_it_means() -> None:
    arch = space("nds-darts").parse(f" {TEXT}\n")
    assert str(arch) == TEXT
    assert (arch.width, arch.depth) == (16, 8)
    assert arch.normal[:4] == ((0, "sep_conv_3x3"), (1, "skip_connect"), (0, "none"), (0, "none"))
    assert arch.reduce[-1] == (4, "skip_connect")


@pytest.mark.parametrize("file", FILES)
def test_every_record_names_an_architecture_with_the_outputs_it_says(file: str, shared_data: Path) -> None:
    of, rows = space(FILES[file]), records(shared_data, file)
    found = [of_record(row["net"], of.design) for row in rows]
    assert len(set(found)) == len(rows)
    assert [of.parse(str(arch)) for arch in found] == found
    assert {row["net"]["aux"] for row in rows} == {False}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it does not have the parts width, depth, normal and reduce"),
        ("no architecture", "it does not have the parts"),
        (TEXT.replace("w16", "w17"), "width 17 is no multiple of 8 up to 256"),
        (TEXT.replace("w16", "w0"), "width 0 is no multiple of 8"),
        (TEXT.replace("w16", "w264"), "width 264 is no multiple of 8"),
        (TEXT.replace("d8", "d2"), "depth 2 is not from 3 to 40"),
        (TEXT.replace("d8", "d41"), "depth 41 is not from 3 to 40"),
        (TEXT.replace("w16", "w99999"), "it does not have the parts"),
        (TEXT.replace(" reduce", ""), "it does not have the parts"),
        (TEXT.replace("none:0+none:0 ", ""), "the normal cell has 3 nodes instead of 4"),
        (TEXT + " none:0+none:0", "the reduce cell has 5 nodes instead of 4"),
        (TEXT.replace("max_pool_3x3:3", "max_pool_3x3:4"), "node 4 of the normal cell reads 4; it can read 0 to 3"),
        (TEXT.replace("sep_conv_5x5:2", "sep_conv_7x7:2"), "node 3 of the reduce cell has an unknown operation, 'sep"),
        (TEXT.replace("none:2+none:3", "none:2"), "'none:2' for node 4 of the reduce cell is not of the form OP:IN"),
        (TEXT.replace("none:2+none:3", "none:2+none:3+none:0"), "for node 4 of the reduce cell is not of the form"),
        (TEXT.replace("none:2", "none:-2"), "is not of the form OP:INPUT+OP:INPUT"),
        (TEXT.replace("none:2", "none:" + "9" * 30), "is not of the form OP:INPUT+OP:INPUT"),
        ("{", "it begins as JSON and is none"),
        ("{" * 1_000, "it begins as JSON and is none"),
        ("{}", "it has no genotype"),
        (TEXT * 100, "characters"),
    ],
)
def test_a_malformed_text_is_refused_with_its_reason_and_the_form(text: str, reason: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=re.escape(reason)) as refusal:
        space("nds-darts").parse(text)
    message = str(refusal.value)
    assert "write 'w16-d8 normal OP:INPUT+OP:INPUT" in message
    assert "sep_conv_3x3" in message
    assert len(message) < 3_000


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda record: record.pop(name)


def _genotype(**changed: Any) -> Callable[[dict[str, Any]], None]:
    return lambda record: record["genotype"].update(changed)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_without("genotype"), "it has no genotype"),
        (_without("width"), "width and depth are no whole numbers"),
        (lambda record: record.update(depth=True), "width and depth are no whole numbers"),
        (lambda record: record.update(width=16.0), "width and depth are no whole numbers"),
        (lambda record: record.update(width=17), "width 17 is no multiple of 8"),
        (_genotype(normal=None), "the normal cell is no list of pairs"),
        (_genotype(reduce=[["none", "0"]]), "pair 1 of the reduce cell is not made of an operation and an input"),
        (_genotype(reduce=[[0, "none"]]), "pair 1 of the reduce cell is not made of"),
        (_genotype(normal=[["none", 0]] * 9), "the normal cell has 4.5 nodes instead of 4"),
        (_genotype(normal=[["none", -1]] * 8), "node 2 of the normal cell reads -1"),
        (_genotype(normal=[[["none"], 1]] * 8), "pair 1 of the normal cell is not made of"),
        (_genotype(reduce_concat=[2, 3]), "reduce_concat is [2, 3], and the output of this cell is made of [2, 3,"),
        (_genotype(normal_concat=None), "normal_concat is None"),
    ],
)
def test_a_record_of_something_else_is_refused(change: Callable[[dict[str, Any]], None], reason: str) -> None:
    arch = space("nds-darts").parse(TEXT)
    record = copy.deepcopy(net(arch, DARTS))
    change(record)
    with pytest.raises(MalformedArchitectureError, match=re.escape(reason)):
        of_record(record, DARTS)


@pytest.mark.parametrize("record", [None, [], "net", {"genotype": []}])
def test_what_is_no_record_at_all_is_refused(record: Any) -> None:
    with pytest.raises(MalformedArchitectureError, match="it has no genotype"):
        of_record(record, ENAS)


@given(st.text(alphabet="w16-d8 normal reduce sep_conv_3x3:+0{}[]\"'", max_size=120))
def test_any_other_text_is_refused_or_names_an_architecture(text: str) -> None:
    of = space("nds-enas")
    try:
        arch = of.parse(text)
    except MalformedArchitectureError:
        return
    assert of.parse(str(arch)) == arch
