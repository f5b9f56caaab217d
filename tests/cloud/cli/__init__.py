"""Test `provisioner/cli`."""
