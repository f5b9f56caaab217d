"""Order the resources by their dependencies, and wait for them."""
