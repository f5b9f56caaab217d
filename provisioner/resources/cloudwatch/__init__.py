"""CloudWatch: its resource types, and what it reports."""
