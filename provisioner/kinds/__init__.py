"""The kinds: how each sort of AWS object is found, made, changed and removed. One file an AWS API."""
