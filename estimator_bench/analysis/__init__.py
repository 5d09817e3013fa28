"""From stored scores to findings: intervals, paired differences, noise ceilings, evaluations. No I/O, no torch."""
