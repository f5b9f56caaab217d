"""Permissions in the embedded cloud: IAM policies that are enforced, and what AWS asks them for at each call."""
