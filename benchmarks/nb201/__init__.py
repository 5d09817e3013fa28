"""NAS-Bench-201 (the topology space of NATS-Bench): 15,625 cells of six edges with five operations each."""
