"""Test `provisioner/operations/pictures`."""
