"""Test the embedded cloud."""
