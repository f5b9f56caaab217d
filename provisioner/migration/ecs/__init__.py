"""A cluster of ECS that stands, as a `stack.toml`: what AWS answered about it, translated. No call is made here."""
