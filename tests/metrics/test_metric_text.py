"""Values of metrics as people read them."""

from __future__ import annotations

import pytest

from estimator_bench.metrics import parse_metric


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("regret@10", 0.5, "0.5"),
        ("regret@10", 9_999.4, "9999"),
        ("regret@10", 9_999.5, "10,000"),
        ("regret@10", 9_999.99, "10,000"),
        ("regret@10", -9_999.99, "-10,000"),
        ("regret@10", 123_456.4, "123,456"),
        ("tau", 0.5, "0.500"),
        ("tau", -0.0001, "0.000"),
        ("br@10", 3 / 15_625, "0.000192"),
        ("br@10", 7 / 15_625, "0.000448"),
        ("br@10", 0.25, "0.25"),
        ("br@10", -0.0, "0"),
        ("wr@5%", 0.98765, "0.988"),
    ],
)
def test_a_value_has_the_digits_that_tell_it_apart(name: str, value: float, text: str) -> None:
    assert parse_metric(name).text(value) == text
