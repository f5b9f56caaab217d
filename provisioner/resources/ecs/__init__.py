"""Elastic Container Service: its resource types, and their common code."""
