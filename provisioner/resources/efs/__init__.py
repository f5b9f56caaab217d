"""EFS: the resource types of file systems, and their common code."""
