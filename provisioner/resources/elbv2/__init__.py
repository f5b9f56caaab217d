"""Elastic Load Balancing: its resource types, and their common code."""
