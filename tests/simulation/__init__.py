"""A deterministic simulation: the real engine and state in surroundings that a seed decides (docs/simulation.md)."""
