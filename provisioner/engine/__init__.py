"""Declare, plan, create, change and delete resources of any type, in the order of their dependencies.

Not here: any AWS service, the configuration, the terminal.
"""
