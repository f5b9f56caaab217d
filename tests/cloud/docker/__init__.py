"""Test `provisioner/docker`."""
