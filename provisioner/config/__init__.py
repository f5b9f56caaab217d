"""`stack.toml`: its models, its checks and its messages, and the facts that are read before anything is declared.

Not here: calls of any kind.
"""
