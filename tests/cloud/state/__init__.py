"""Test `provisioner/state`."""
