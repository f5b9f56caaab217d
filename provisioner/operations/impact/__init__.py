"""Estimate the time, the cost and the data loss of a change. No calls."""
