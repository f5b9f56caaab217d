"""Test `provisioner/operations/shell`."""
