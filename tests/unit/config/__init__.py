"""Test `provisioner/config`."""
