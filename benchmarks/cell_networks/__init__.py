"""Stacks of cells with two inputs, as DARTS, NASNet and their kin have them: what several search spaces share."""
