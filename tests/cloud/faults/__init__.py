"""Whole lives of a stack under faults, and the checks at their end."""
