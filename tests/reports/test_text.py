"""Numbers as every report writes them."""

from __future__ import annotations

import pytest
from estimator_bench.reports.text import number

from estimator_bench.metrics import parse_metric


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "0.5"),
        (9_999.4, "9999"),
        (9_999.5, "10,000"),
        (9_999.99, "10,000"),
        (-9_999.99, "-10,000"),
        (123_456.4, "123,456"),
    ],
)
def test_a_number_with_a_unit_has_four_digits_and_no_exponent(value: float, text: str) -> None:
    assert number(value, parse_metric("regret@10")) == text
