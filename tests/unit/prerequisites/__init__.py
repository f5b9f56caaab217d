"""Test `provisioner/operations/prerequisites`."""
