"""Test `provisioner/operations/context`."""
