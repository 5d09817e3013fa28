"""Shared torch pieces: supernets, passes over a network, counting, training. Imports torch."""
