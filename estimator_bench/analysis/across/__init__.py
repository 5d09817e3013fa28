"""Statistics across tasks: how far an estimator can be relied on where it was not measured yet."""
