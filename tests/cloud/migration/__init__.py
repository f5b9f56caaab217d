"""Test `provisioner/migration`."""
