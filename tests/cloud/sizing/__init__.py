"""Test `provisioner/operations/sizing`."""
