"""Views of runs, plans and stacks for the user. All views come from the same events and plans.

Not here: calls of any kind.
"""
