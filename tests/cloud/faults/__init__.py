"""Whole lives of a stack under faults, and what must be so at their end."""
