"""Declares, plans, creates, changes and deletes resources of any type, in the order of what they depend on.

Not here: any AWS service, the configuration, the terminal.
"""
