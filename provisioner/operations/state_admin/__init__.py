"""Move, correct and rebuild the state. These commands change nothing in the cloud."""
