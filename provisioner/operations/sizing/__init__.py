"""`provision scale`, `pause`, `sleep` and their opposites: how many tasks there are, and nothing else of the stack."""
