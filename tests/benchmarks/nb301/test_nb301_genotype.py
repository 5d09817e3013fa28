"""Both text forms name one genotype; whatever else is written is refused with its reason."""

from __future__ import annotations

import re

import pytest
from estimator_bench.benchmarks.nb301.genotype import Genotype
from hypothesis import given
from hypothesis import strategies as st
from nb301_genotypes import DARTS_V1, DARTS_V2, GENOTYPES, KEY, as_darts_prints

from estimator_bench.errors import MalformedArchitectureError


@given(GENOTYPES)
def test_both_text_forms_round_trip(genotype: Genotype) -> None:
    assert Genotype.parse(str(genotype)) == genotype
    assert Genotype.parse(as_darts_prints(genotype)) == genotype


def test_the_key_is_written_as_naslib_writes_it() -> None:
    assert str(Genotype.parse(KEY)) == KEY


@pytest.mark.parametrize("text", [DARTS_V1, DARTS_V2])
def test_the_published_genotypes_of_darts_are_read_and_written_as_they_stand(text: str) -> None:
    assert as_darts_prints(Genotype.parse(text)) == text


def test_pairs_of_both_forms_mean_the_same() -> None:
    genotype = Genotype.parse(DARTS_V2)
    assert genotype.normal == ((0, 3), (1, 3), (0, 3), (1, 3), (1, 3), (0, 2), (0, 2), (2, 5))
    assert genotype.reduce == ((0, 0), (1, 0), (2, 2), (1, 0), (0, 0), (2, 2), (2, 2), (1, 0))


@pytest.mark.parametrize(
    "text",
    [
        DARTS_V2.replace("[2, 3, 4, 5]", "range(2, 6)"),
        DARTS_V2.replace("'", '"'),
        DARTS_V2.replace(", ", ",\n    "),
        DARTS_V2[:-1] + ",\n)",
        f"  {DARTS_V2}\n",
        str(Genotype.parse(DARTS_V2)).replace(" ", ""),
        str(Genotype.parse(DARTS_V2)).replace("[", "(").replace("]", ")"),
    ],
)
def test_spaces_brackets_quotes_and_ranges_may_be_written_in_other_ways(text: str) -> None:
    assert Genotype.parse(text) == Genotype.parse(DARTS_V2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the key is no list of pairs (Expecting value at character 1)"),
        ("7", "the key is no list"),
        ("no architecture", "the key is no list of pairs"),
        ("[[], []]", "the normal cell has 0 pairs instead of 8"),
        ("[[]]", "it has 1 cells instead of 2"),
        (KEY[:-1], "the key is no list of pairs (Expecting ',' delimiter at character"),
        (KEY.replace("(1, 5), ", ""), "the normal cell has 7 pairs instead of 8"),
        (
            KEY.replace("(3, 2)", "(5, 2)"),
            "pair 8 of the normal cell, (5, 2), belongs to node 5, whose inputs are 0 to 4",
        ),
        (KEY.replace("(3, 2)", "(-1, 2)"), "pair 8 of the normal cell, (-1, 2), belongs to node 5"),
        (KEY.replace("(3, 6)", "(3, 7)"), "pair 8 of the reduce cell, (3, 7), names operation 7; there are 0 to 6"),
        (KEY.replace("(3, 6)", "(2, 6)"), "node 5 of the reduce cell has input 2 twice"),
        (KEY.replace("(3, 6)", "(3, 6, 1)"), "pair 8 of the reduce cell is no pair"),
        (KEY.replace("(3, 6)", "3"), "pair 8 of the reduce cell is no pair"),
        (KEY.replace("(3, 6)", "(3.0, 6)"), "pair 8 of the reduce cell, (3.0, 6), is not made of whole numbers"),
        (KEY.replace("(0, 0)", "(true, 0)"), "pair 1 of the normal cell, (True, 0), is not made of whole numbers"),
        (KEY.replace("(0, 0)", "('a', 0)"), "pair 1 of the normal cell, ('a', 0), is not made of whole numbers"),
        ("Genotype()", "it lacks one of the fields normal, normal_concat, reduce and reduce_concat"),
        (DARTS_V2.replace("normal_concat", "concat"), "it lacks one of the fields"),
        (DARTS_V2 + ")", "reduce_concat is no list"),
        (DARTS_V2.replace("normal_concat=[2", "normal_concat=[1, 2"), "normal_concat is [1, 2, 3, 4, 5]; all cells"),
        (DARTS_V2.replace("reduce_concat=[2, ", "reduce_concat=["), "reduce_concat is [3, 4, 5]; all cells"),
        (
            DARTS_V2.replace("dil_conv_3x3", "dil_conv_7x7"),
            "pair 8 of the normal cell names an unknown operation, 'dil_con",
        ),
        (
            DARTS_V2.replace("('sep_conv_3x3', 0)", "(['sep_conv_3x3'], 0)"),
            "pair 1 of the normal cell names an unknown",
        ),
        (DARTS_V2.replace("('sep_conv_3x3', 0)", "(none, 0)"), "normal is no list of pairs"),
        ("[" * 900, "the key is no list of pairs"),
        ("[" * 100_000, "it has 100,000 characters"),
        ("9" * 999, "the key is no list"),
        ("__import__('os').abort()", "the key is no list of pairs"),
    ],
)
def test_a_malformed_text_is_refused_with_its_reason_and_the_forms(text: str, reason: str) -> None:
    with pytest.raises(MalformedArchitectureError, match=re.escape(reason)) as refusal:
        Genotype.parse(text)
    message = str(refusal.value)
    assert "write NASLib's key, [[(input, op) x 8]" in message
    assert "sep_conv_3x3" in message
    assert len(message) < 2_000


@given(st.text(alphabet="[](),0123456 ", max_size=200) | st.text(alphabet="Genotype(normal=[]')_,0 ", max_size=80))
def test_any_other_text_is_refused_or_names_a_genotype(text: str) -> None:
    try:
        genotype = Genotype.parse(text)
    except MalformedArchitectureError:
        return
    assert Genotype.parse(str(genotype)) == genotype
