"""Measurements of the tool on the embedded cloud."""
