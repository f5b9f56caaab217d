"""How each sort of AWS resource is found, created, changed and deleted: one file an AWS API.

Not here: steps, state, terminal.
"""
