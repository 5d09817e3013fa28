from __future__ import annotations

from collections import Counter

import pytest
from estimator_bench.benchmarks.nb_macro.layers import Layers, networks, without_order_of_identities
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.errors import MalformedArchitectureError

NETWORKS = st.sampled_from(networks())


@given(NETWORKS)
def test_the_text_form_round_trips(network: Layers) -> None:
    assert Layers.parse(str(network)) == network


@pytest.mark.parametrize(
    "text", ["", "0201210", "020121000", "02012103", "0201210a", "02012100\n", "0201210\u0660", "-2012100", "+2012100"]
)
def test_a_malformed_text_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=r"a digit for each of 8 layers \(0 identity") as refusal:
        Layers.parse(text)
    assert f"'{text}'" in str(refusal.value)


@given(st.text(alphabet="0123", max_size=10))
def test_any_other_text_is_refused_or_is_the_text_of_its_network(text: str) -> None:
    try:
        network = Layers.parse(text)
    except MalformedArchitectureError:
        return
    assert str(network) == text


@pytest.mark.parametrize("choices", [(), (0,) * 7, (0,) * 9, (*[0] * 7, 3), (-1, *[0] * 7)])
def test_what_is_no_eight_choices_is_refused(choices: tuple[int, ...]) -> None:
    with pytest.raises(MalformedArchitectureError, match="give 8 choices from 0 to 2"):
        Layers(choices)


def test_the_order_is_that_of_the_text_forms() -> None:
    everything = networks()
    assert len(set(everything)) == 6561
    assert sorted(map(str, everything)) == list(map(str, everything))


def test_stages_are_of_two_three_and_three_layers() -> None:
    assert Layers.parse("02012100").stages == ((0, 2), (0, 1, 2), (1, 0, 0))


@pytest.mark.parametrize(
    ("text", "moved"),
    [("02012100", "02012100"), ("01001001", "01010010"), ("00000000", "00000000"), ("10201102", "10210120")],
)
def test_identities_move_to_the_end_of_their_stage_except_the_first_layer(text: str, moved: str) -> None:
    assert str(without_order_of_identities(Layers.parse(text))) == moved


def test_3969_networks_differ() -> None:
    classes = Counter(without_order_of_identities(network) for network in networks())
    assert len(classes) == 3969
    assert all(without_order_of_identities(network) == network for network in classes)
