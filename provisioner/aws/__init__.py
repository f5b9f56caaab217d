"""Access to AWS: clients, reads of a run, tags, meanings of errors, rates, the call log, durations.

Not here: what a stack consists of.
"""
