from __future__ import annotations

from math import prod

import pytest
from estimator_bench.benchmarks.nds.families import RESNET, RESNET_IN, RESNEXT_A, RESNEXT_B, VANILLA, Family
from estimator_bench.benchmarks.nds.stages import Bottleneck, Stage, Stages
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.errors import MalformedArchitectureError

BOTTLENECKS = st.none() | st.builds(Bottleneck, st.integers(1, 8), st.integers(1, 32))
STAGES = st.builds(Stage, st.integers(1, 99), st.integers(1, 2048), BOTTLENECKS)
NETWORKS = st.builds(Stages, st.lists(STAGES, min_size=1, max_size=5).map(tuple), st.none() | st.integers(1, 128))


@given(NETWORKS)
def test_the_text_form_round_trips(network: Stages) -> None:
    assert Stages.parse(str(network)) == network


def test_a_text_says_depth_width_ratio_and_groups_behind_the_stem() -> None:
    assert Stages.parse("2x32-3x128-3x160").stages == (Stage(2, 32), Stage(3, 128), Stage(3, 160))
    assert Stages.parse("1x16r4g2").stages == (Stage(1, 16, Bottleneck(ratio=4, groups=2)),)
    assert Stages.parse("64-1x16") == Stages((Stage(1, 16),), stem=64)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "2x32-",
        "-2x32",
        "2x32--3x128",
        "2x32 -3x128",
        "0x32",
        "02x32",
        "2x-32",
        "2x32r4",
        "2x32g2",
        "2x32r4g",
        "2x32-64",
        "2x32\n",
        "\u0662x32",
        "2X32",
        "64",
        "16-32-1x16",
        "9" * 5000 + "x1",
    ],
)
def test_a_malformed_text_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(MalformedArchitectureError, match="write DEPTHxWIDTH for each"):
        Stages.parse(text)


@given(st.text(alphabet="0123x-rg", max_size=16))
def test_any_other_text_is_refused_or_is_the_text_of_its_network(text: str) -> None:
    try:
        network = Stages.parse(text)
    except MalformedArchitectureError:
        return
    assert str(network) == text


@pytest.mark.parametrize(
    ("family", "size"),
    [
        (RESNET, 1_259_712),
        (VANILLA, 1_259_712),
        (RESNEXT_A, 11_390_625),
        (RESNEXT_B, 52_734_375),
        (RESNET_IN, 622_080_000),
    ],
)
def test_the_families_have_their_published_sizes(family: Family, size: int) -> None:
    """Those for CIFAR-10 stand in table 1 of the paper; the last is the product of the options in the file."""
    assert prod(map(len, family.options)) == size


@pytest.mark.parametrize(
    ("family", "text", "reason"),
    [
        (RESNET, "2x32-3x128-5x160", "5 is no stage 3 depth, which is one of 1, 2, 3, 4, 6"),
        (RESNET, "2x32-3x129-3x160", "129 is no stage 2 width"),
        (
            RESNET,
            "2x32-3x128",
            "has not the form of this family, whose networks are written like '24x256-24x256-24x256'",
        ),
        (RESNET, "16-2x32-3x128-3x160", "has not the form"),
        (RESNET, "2x32r1g1-3x128-3x160", "has not the form"),
        (RESNEXT_A, "1x16-1x16-1x16", "has not the form of this family, .* like '16x256r4g4-"),
        (RESNEXT_A, "1x16r1g8-1x16r1g1-1x16r1g1", "8 is no stage 1 groups"),
        (RESNEXT_A, "1x16r1g1-1x16r3g1-1x16r1g1", "3 is no stage 2 ratio"),
        (RESNET_IN, "1x16-1x16-1x16-1x16", "has not the form"),
        (RESNET_IN, "48-1x16-1x16-1x16-1x16", "48 is no stem width"),
    ],
)
def test_a_network_of_another_family_is_refused_with_what_is_wrong(family: Family, text: str, reason: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=reason):
        family.choices(Stages.parse(text))
