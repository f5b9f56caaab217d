"""What the user sees: every view comes from the same events and plans.

Not here: calls of any kind.
"""
