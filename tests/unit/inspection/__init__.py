"""Test `provisioner/operations/inspection`."""
