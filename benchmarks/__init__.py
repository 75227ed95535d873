"""How fast we are beside others: one BMC of ipmi_sim, one core, pairs of laps. ``python -m benchmarks --help``."""
