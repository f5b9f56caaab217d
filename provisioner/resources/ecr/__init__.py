"""Elastic Container Registry: its resource types, and their common code."""
