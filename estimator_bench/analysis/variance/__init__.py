"""How far the scores of an estimator vary from repeat to repeat and checkpoint to checkpoint; what averaging buys."""
