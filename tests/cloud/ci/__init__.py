"""Test `provisioner/operations/ci`."""
