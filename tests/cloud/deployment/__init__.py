"""Test `provisioner/operations/deployment`."""
