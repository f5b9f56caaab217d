"""ElastiCache: the resource types of Valkey, and their common code."""
