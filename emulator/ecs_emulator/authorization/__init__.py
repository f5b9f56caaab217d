"""Permissions in the embedded cloud: enforce IAM policies, and derive the permissions that AWS checks at each call."""
