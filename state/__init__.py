"""The state of a stack: a JSON document, an append-only journal beside it, and a lock."""
