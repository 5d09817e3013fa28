"""What --repeat means: all combinations of what differs, the first of them the run that is not repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator_bench.errors import UsageError
from estimator_bench.protocol import Protocol
from estimator_bench.repeat import ONCE, Repeat

EVERYTHING = "seeds=3,batches=2,batch-size=32|64,inputs=gaussian|cifar10"

repeats = st.builds(
    Repeat,
    seeds=st.integers(1, 4),
    batches=st.integers(1, 4),
    batch_sizes=st.lists(st.integers(2, 99), min_size=2, max_size=3, unique=True).map(tuple) | st.just(()),
    inputs=st.permutations(["gaussian", "digits", "cifar10"]).map(tuple) | st.just(()),
)


def test_the_written_form_is_read() -> None:
    assert Repeat.parse(EVERYTHING) == Repeat(3, 2, (32, 64), ("gaussian", "cifar10"))
    assert Repeat.parse(" batches=2 , seeds=1") == Repeat(batches=2)
    assert Repeat.parse("") == ONCE


@given(repeats)
def test_the_text_form_round_trips(repeat: Repeat) -> None:
    assert Repeat.parse(str(repeat)) == repeat


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed=3", "unknown axis of --repeat 'seed': did you mean seeds"),
        ("batch_size=3|4", "did you mean batch-size"),
        ("seeds", "write seeds=..., as in seeds=5,batches=3"),
        ("seeds=", "write seeds=..."),
        ("seeds=many", "--repeat seeds=many: write a whole number"),
        ("seeds=0", "--repeat seeds=0: give a count of 1 or more"),
        ("batches=-2", "give a count of 1 or more"),
        ("seeds=2,seeds=3", "seeds is given twice"),
        ("inputs=cifar10", "a single one is for --inputs"),
        ("batch-size=32", "a single one is for --batch-size"),
        ("batch-size=32|64|32", "a value is given twice"),
        ("batch-size=32|", "--repeat batch-size=: write a whole number"),
    ],
)
def test_texts_that_make_no_sense_are_refused_with_what_to_write(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        Repeat.parse(text)
    assert message in str(refused.value)


def test_variants_are_all_combinations_each_once() -> None:
    variants = Protocol(seed=7, repeat=Repeat.parse(EVERYTHING)).variants()
    assert len(variants) == 24
    assert len({name for name, _ in variants}) == len({protocol for _, protocol in variants}) == 24
    assert variants[0][0] == "weights 0, batch 0, batch size 32, gaussian"
    assert variants[-1] == (
        "weights 2, batch 1, batch size 64, cifar10",
        Protocol(seed=7, inputs="cifar10", batch_size=64, weights=2, batch=1),
    )


@given(repeats, st.integers(0, 9))
def test_the_first_variant_is_the_protocol_without_repeats(repeat: Repeat, seed: int) -> None:
    protocol = Protocol(seed, repeat=repeat)
    expected = Protocol(seed, inputs=protocol.inputs, batch_size=protocol.batch_size)
    assert protocol.variants()[0][1] == expected
    assert len(protocol.variants()) == repeat.count
    assert all(variant.repeat == ONCE for _, variant in protocol.variants())


@given(repeats)
def test_nothing_is_repeated_for_scores_that_depend_on_the_run_seed_alone(repeat: Repeat) -> None:
    assert [name for name, _ in Protocol(repeat=repeat).variants({"seed", "labels"})] == [""]


def test_axes_that_do_not_matter_are_left_out_of_names_and_numbers() -> None:
    names = [name for name, _ in Protocol(repeat=Repeat.parse(EVERYTHING)).variants({"seed", "weights"})]
    assert names == ["weights 0", "weights 1", "weights 2"]


def test_seeds_of_the_first_repetition_are_those_of_the_run() -> None:
    once, again = Protocol(seed=4), Protocol(seed=4, weights=1)
    assert again.weights_seed("weights", "a") != once.weights_seed("weights", "a")
    assert again.batch_seed("batch") == once.batch_seed("batch"), "weights are not the batch"
    assert Protocol(seed=4, batch=1).batch_seed("batch") != once.batch_seed("batch")
    assert again.rng("labels").random() == once.rng("labels").random(), "labels are drawn once"


def test_repeated_inputs_stand_in_the_place_of_the_single_ones() -> None:
    repeat = Repeat.parse("inputs=digits|cifar10")
    assert Protocol(repeat=repeat).inputs == "digits"
    assert Protocol(inputs="cifar10", repeat=repeat).inputs == "digits"
    with pytest.raises(UsageError, match=r"--batch-size 16 is none of those of --repeat batch-size=32\|64"):
        Protocol(batch_size=16, repeat=Repeat.parse("batch-size=32|64"))
    with pytest.raises(UsageError, match="at least 2 images"):
        Protocol(repeat=Repeat.parse("batch-size=64|1")).variants()


def test_a_protocol_that_repeats_nothing_is_written_as_before() -> None:
    assert Protocol().plain().keys() == {"seed", "labels", "inputs", "batch_size", "sources", "device", "population"}
    assert Protocol(repeat=Repeat(seeds=3)).plain()["repeat"] == "seeds=3"
