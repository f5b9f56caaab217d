"""Route 53: its resource types, and what they share."""
