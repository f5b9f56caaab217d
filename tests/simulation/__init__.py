"""A simulation: the real engine and state in surroundings that a seed decides (docs/developers/simulation.md)."""
