"""Translate AWS's answers about an existing ECS cluster into a `stack.toml`. It makes no call."""
