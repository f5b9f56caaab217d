"""Permissions of the tool on AWS: a table of actions, and the IAM policies that follow from it."""
