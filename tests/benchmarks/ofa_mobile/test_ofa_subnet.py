"""Subnetworks have one text form each, and both forms are read without running anything."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from estimator_bench.benchmarks.ofa_mobile.subnet import BLOCKS, DEPTHS, Subnet
from hypothesis import given
from hypothesis import strategies as st
from ofa_subnets import LISTS, MIXED, SUBNETS

from estimator_bench.data.safe_pickle import Unread, unpickled
from estimator_bench.errors import MalformedArchitectureError
from estimator_bench.registry import find_space


@given(SUBNETS)
def test_the_text_form_round_trips(subnet: Subnet) -> None:
    assert Subnet.parse(str(subnet)) == subnet


@given(st.text(alphabet="rek_-1234567", max_size=60))
def test_any_other_text_is_refused_or_is_the_text_of_its_subnetwork(text: str) -> None:
    try:
        subnet = Subnet.parse(text)
    except MalformedArchitectureError:
        return
    assert str(subnet).removeprefix("r") == text.removeprefix("r").lstrip("0")


def test_lists_are_read_as_json_and_as_python_prints_them() -> None:
    assert str(Subnet.parse(json.dumps(LISTS))) == str(Subnet.parse(str(LISTS))) == MIXED


@given(SUBNETS, st.sampled_from(BLOCKS))
def test_what_lists_say_of_absent_blocks_does_not_matter(subnet: Subnet, filler: Any) -> None:
    padded = [(*stage, *[filler] * (max(DEPTHS) - len(stage))) for stage in subnet.stages]
    lists = {
        "ks": [block.kernel for stage in padded for block in stage],
        "e": [block.expansion for stage in padded for block in stage],
        "d": [len(stage) for stage in subnet.stages],
        "image_size": subnet.resolution,
    }
    assert Subnet.parse(json.dumps(lists)) == subnet


@pytest.mark.parametrize(
    "text",
    [
        "",
        "r224",
        MIXED.removeprefix("r224_"),
        MIXED.replace("_e6k3-e6k3", ""),
        MIXED + "_e3k3-e3k3",
        MIXED.replace("e4k3-e6k5", "e4k3"),
        MIXED + "-e3k3",
        MIXED.replace("e4", "e5"),
        MIXED.replace("k7", "k9"),
        MIXED.replace("r224", "r0"),
        MIXED.replace("r224", "r-1"),
        MIXED + "\n",
        MIXED.replace("k3", "k\u0663"),
        MIXED * 100,
        "{",
        "{" * 900,
        "{}",
        json.dumps({**LISTS, "d": [2, 2, 3, 2]}),
        json.dumps({**LISTS, "d": [-17, 2, 3, 2, 4]}),
        json.dumps({**LISTS, "d": [2, 2, 3, 2, 25]}),
        json.dumps({**LISTS, "d": [[2], 2, 3, 2, 4]}),
        json.dumps({**LISTS, "r": [224, 192]}),
        json.dumps({**LISTS, "r": None}),
        json.dumps({**LISTS, "ks": LISTS["ks"][:-1]}),  # type: ignore[index]
        json.dumps({**LISTS, "ks": [True] * 20}),
        json.dumps({**LISTS, "e": [3.0] * 20}),
        json.dumps({**LISTS, "e": "3" * 20}),
    ],
)
def test_a_malformed_text_is_refused_with_both_forms(text: str) -> None:
    with pytest.raises(MalformedArchitectureError, match="write the resolution and five stages") as refusal:
        Subnet.parse(text)
    assert len(str(refusal.value)) < 1_500


def test_a_resolution_that_the_supernet_was_not_made_for_is_refused() -> None:
    with pytest.raises(MalformedArchitectureError, match="its resolution, 128, is none of 160, 176, 192, 208, 224"):
        find_space("ofa-mbv3").parse(MIXED.replace("r224", "r128"))
    assert find_space("proxylessnas").parse(MIXED.replace("r224", "r128")).resolution == 128


def test_five_thousand_published_encodings_are_subnetworks(shared_data: Path) -> None:
    """From the repository of HELP: the supernet of other widths, whose resolutions go from 128 in steps of 4."""
    with zipfile.ZipFile(shared_data / "mobile_surrogates" / "ofa_mbv3_archs_5000.pt") as file:
        content = file.read("archive/data.pkl")
    stand_ins = {
        ("numpy.core.multiarray", "scalar"): lambda _, number: int.from_bytes(number, "little"),
        ("numpy", "dtype"): Unread,
        ("_codecs", "encode"): lambda text, encoding: text.encode(encoding),
    }
    found = unpickled(content, "the published encodings", stand_ins)["arch"]
    subnets = {Subnet.parse(str(one)) for one in found}
    assert len(found) == len(subnets) == 5_000
    space = find_space("ofa-mbv3")
    known = [one for one in subnets if one.resolution in space.family.resolutions]
    assert len(known) == 1_013
    assert all(space.parse(str(one)) == one for one in known)
