"""Elastic Container Service: its resource types, and what they share."""
