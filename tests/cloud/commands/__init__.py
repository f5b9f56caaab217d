"""Test `provisioner/operations/commands`."""
