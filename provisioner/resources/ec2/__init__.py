"""EC2: network, instances, endpoints: its resource types, and what they share."""
