"""Test `provisioner/operations/planning`."""
