"""CloudWatch: its resource types, and its metrics."""
