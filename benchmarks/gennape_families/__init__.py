"""HiAML, Two-Path and Inception: the three families of CIFAR-10 networks that came with GENNAPE."""
