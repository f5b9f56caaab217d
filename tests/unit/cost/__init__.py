"""Test `provisioner/cost`."""
