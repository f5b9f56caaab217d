"""Test `provisioner/permissions`."""
