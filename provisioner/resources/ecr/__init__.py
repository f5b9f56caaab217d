"""Elastic Container Registry: its resource types, and what they share."""
