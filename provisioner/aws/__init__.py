"""The way to AWS: clients, reads of a run, tags, what errors mean, rates, the call log, durations.

Not here: what a stack consists of.
"""
