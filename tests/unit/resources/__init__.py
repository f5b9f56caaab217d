"""Test `provisioner/resources`."""
