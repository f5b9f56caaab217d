"""Certificate Manager: its resource types, and their common code."""
