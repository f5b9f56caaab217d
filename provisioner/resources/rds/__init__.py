"""RDS: the resource types of Aurora, and their common code."""
