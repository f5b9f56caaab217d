"""Test `provisioner/operations/runs`."""
