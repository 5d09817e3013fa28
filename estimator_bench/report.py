"""What a report is made of, and what turns it into a file. A report never computes a score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from estimator_bench.analysis.across.stored import AcrossFindings
    from estimator_bench.analysis.bias.stored import BiasFindings
    from estimator_bench.analysis.findings import Findings
    from estimator_bench.analysis.variance.stored import VarianceFindings


class Renderer(ABC):
    """Turns findings into a document of one format."""

    name: ClassVar[str]
    suffix: ClassVar[str]

    @abstractmethod
    def render(self, findings: Findings) -> str:
        """The whole document, self-contained."""

    def render_bias(self, findings: BiasFindings) -> str | None:  # noqa: ARG002 - for subclasses
        """A document about bias; None if this format has none."""
        return None

    def render_variance(self, findings: VarianceFindings) -> str | None:  # noqa: ARG002 - for subclasses
        """A document about variance; None if this format has none."""
        return None

    def render_across(self, findings: AcrossFindings) -> str | None:  # noqa: ARG002 - for subclasses
        """A document about several tasks; None if this format has none."""
        return None
