"""Elastic Load Balancing: its resource types, and what they share."""
