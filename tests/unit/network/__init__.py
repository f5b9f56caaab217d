"""Test `provisioner/operations/network`."""
