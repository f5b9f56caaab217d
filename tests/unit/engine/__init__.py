"""Test `provisioner/engine`."""
