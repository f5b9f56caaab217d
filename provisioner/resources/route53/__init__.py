"""Route 53: its resource types, and their common code."""
