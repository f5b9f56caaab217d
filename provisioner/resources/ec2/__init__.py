"""EC2's resource types for network, instances and endpoints, and their common code."""
