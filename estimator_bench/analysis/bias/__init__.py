"""Where the scores of an estimator lean: towards sizes, operations, structures and single architectures."""
