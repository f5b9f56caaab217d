"""Declare the stack, compare it with AWS, and list the notices that come before an agreement."""
