"""Op-level bias: which choice gains in score what it does not gain in truth? (Ning et al., NeurIPS 2021).

Compared are all pairs of scored architectures that differ in one decision. A replacement of one choice by another is
the same at every position, so spaces name choices of different meaning apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from estimator_bench.analysis.significance import SIGNIFICANT, holm_of_tested
from estimator_bench.metrics.ties import Values, rankable

ABSENT = "(absent)"
"""The choice at a position that only one of two architectures has."""

MINIMUM_PAIRS = 50
"""Below this no replacement is tested. With so few and a score as noisy as the truth, the test at 5% rejects in about
8% of cases where nothing is biased (measured on the toy space of the tests); with 100 pairs in 6%."""

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class OneEditPairs:
    """Pairs of architectures that differ in one decision, each once.

    Attributes:
        choices: names of all choices, sorted.
        one, other: (pairs,) positions of the architectures in the population.
        removed, added: (pairs,) indices into `choices`, removed < added: what replaces what on the way to `other`.
    """

    choices: Sequence[str]
    one: Indices
    other: Indices
    removed: Indices
    added: Indices

    @classmethod
    def of(cls, decisions: Sequence[Mapping[str, str]]) -> OneEditPairs:
        """Finds the pairs among architectures given by their decisions, no two the same."""
        positions = sorted({position for one in decisions for position in one})
        choices = sorted({choice for one in decisions for choice in (*one.values(), ABSENT)})
        index = {choice: number for number, choice in enumerate(choices)}
        codes = np.array([[index[one.get(position, ABSENT)] for position in positions] for one in decisions], np.intp)
        found = [_pairs_at(codes, place) for place in range(len(positions))]
        return cls(choices, *np.concatenate([np.empty((4, 0), np.intp), *found], axis=1))


@dataclass(frozen=True)
class Changes:
    """Shares of pairs in which a replacement makes a value rise, leaves it as it is, or makes it fall; of sum 1."""

    rise: float
    same: float
    fall: float

    @property
    def rise_or_half(self) -> float:
        """The share of rises, half of the zero changes counted among them: 1 minus that of the reverse replacement."""
        return self.rise + self.same / 2


@dataclass(frozen=True)
class Replacement:
    """Choice `removed` replaced by `added`. The reverse is its mirror image: rise and fall change places.

    Attributes:
        pairs: ordered pairs of architectures that it leads from and to.
        score, truth: what it changes.
        difference: share of rises in score minus that in truth, half of the zero changes counted as rises; positive
            where `added` is over-estimated relative to `removed`, in [-1, 1].
        p: of no difference, two-sided, after Holm's correction over all replacements; None where there are fewer pairs
            than `MINIMUM_PAIRS`, or where they say nothing of their spread.
        noise_p: of the score's share lying between the truth's and one half, where noise alone would take it; low where
            the score exaggerates the order of the two choices or reverses it. Two-sided, Holm's correction, or None.
    """

    removed: str
    added: str
    pairs: int
    score: Changes
    truth: Changes
    difference: float
    p: float | None
    noise_p: float | None

    @property
    def overestimated(self) -> str:
        """The choice that gains more in score than in truth, significantly; empty if there is none."""
        if self.p is None or self.p >= SIGNIFICANT:
            return ""
        return self.added if self.difference > 0 else self.removed

    @property
    def like_noise(self) -> bool | None:
        """Whether noise alone could have made it: nothing significant says otherwise. None where it was not tested."""
        return None if self.noise_p is None else self.noise_p >= SIGNIFICANT


def op_bias(decisions: Sequence[Mapping[str, str]], truth: Values, scores: Values) -> list[Replacement]:
    """Every replacement of one choice by another, one direction of each, by name.

    The test takes each pair's (rise in score) - (rise in truth), in {-1, -1/2, 0, 1/2, 1}, and allows for any
    dependence of two pairs that share an architecture: the dyadic cluster-robust variance of the mean (Aronow, Samii
    and Assenova, Political Analysis 2015, eq. 4), which pairs without an architecture in common do not enter. As the
    intervals do, it takes the architectures for a sample of a larger space of the same kind.

    Args:
        decisions: (n,) of each architecture, no two the same.
        truth: (n,) finite, higher is better.
        scores: (n,) higher is better; NaN and -inf tie last, +inf ties first.
    """
    pairs = OneEditPairs.of(decisions)
    if not len(pairs.one):
        return []
    signs = [np.sign(_later_minus_earlier(side, pairs)) for side in (rankable(scores), truth)]
    kind = pairs.removed * len(pairs.choices) + pairs.added
    order = np.argsort(kind, kind="stable")
    kinds, starts = np.unique(kind[order], return_index=True)
    found = []
    for key, inside in zip(kinds.tolist(), np.split(order, starts[1:]), strict=True):
        removed, added = divmod(key, len(pairs.choices))
        gained, risen = (signs[0][inside] - signs[1][inside]) / 2, signs[0][inside] / 2
        ends = pairs.one[inside], pairs.other[inside]
        score, true = (_changes(side[inside]) for side in signs)
        p, turned = _dyadic_p(gained, *ends), _dyadic_p(risen, *ends)
        noise_p = _noise_p(score.rise_or_half - 0.5, true.rise_or_half - 0.5, p, turned)
        names = pairs.choices[removed], pairs.choices[added]
        found.append(Replacement(*names, len(inside), score, true, float(gained.mean()), p, noise_p))
    adjusted = (holm_of_tested(family) for family in ([one.p for one in found], [one.noise_p for one in found]))
    return [replace(one, p=p, noise_p=noise_p) for one, p, noise_p in zip(found, *adjusted, strict=True)]


def _noise_p(score: float, true: float, different: float | None, turned: float | None) -> float | None:
    """Whether noise could take a share from `true` to `score`, both as distances from one half.

    It cannot take it further, which `different` tests, nor to the other side, and then `turned` tests the score's own.
    """
    if score * true <= 0:
        return turned
    return different if different is None or abs(score) > abs(true) else 1.0


def _pairs_at(codes: Indices, place: int) -> Indices:
    """(4, pairs): one, other, removed, added of the rows that differ at one place alone."""
    rest = np.unique(np.delete(codes, place, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    here = codes[:, place]
    order = np.lexsort((here, rest))
    most = int(np.bincount(rest).max())
    equal = {step: rest[order[:-step]] == rest[order[step:]] for step in range(1, most)}
    one = np.concatenate([order[:0], *(order[:-step][mask] for step, mask in equal.items())])
    other = np.concatenate([order[:0], *(order[step:][mask] for step, mask in equal.items())])
    return np.stack([one, other, here[one], here[other]])


def _later_minus_earlier(values: Values, pairs: OneEditPairs) -> Values:
    # Ranks, since the difference of two infinite scores is none.
    ranks = np.asarray(stats.rankdata(values, "dense"), np.float64)
    return ranks[pairs.other] - ranks[pairs.one]


def _changes(signs: Values) -> Changes:
    return Changes(*(float((signs == sign).mean()) for sign in (1, 0, -1)))


def _dyadic_p(gained: Values, one: Indices, other: Indices) -> float | None:
    """Two-sided p of mean 0 over pairs that depend on each other where they share an architecture."""
    if len(gained) < MINIMUM_PAIRS:
        return None
    mean = float(gained.mean())
    left = gained - mean
    ends, architecture = np.unique(np.concatenate([one, other]), return_inverse=True)
    if not left.any():
        return _unanimous_p(mean, len(gained) / (int(np.bincount(architecture).max()) + 1))
    sums = np.bincount(architecture, np.concatenate([left, left]))
    variance = (float(sums @ sums) - float(left @ left)) / len(gained) ** 2
    if variance <= 0:  # it is no sum of squares, and can be so where few pairs undo each other
        return None
    return float(2 * stats.t.sf(abs(mean) / sqrt(variance), len(ends) - 1))


def _unanimous_p(mean: float, apart: float) -> float | None:
    """The largest p of pairs that all gain `mean`, or None where they could well do so by chance.

    What has mean 0 in [-1, 1] takes one value with probability 1 / (1 + |value|) at most.

    Args:
        mean: what each of them gains.
        apart: so many of the pairs at least have no architecture in common and are independent: all pairs, divided by 1
            plus the most that one architecture is in (Vizing's theorem).
    """
    bound = float(2 * (1 + abs(mean)) ** -apart)
    return None if mean and bound >= 1 else min(bound, 1.0)
