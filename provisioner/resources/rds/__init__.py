"""RDS: Aurora: its resource types, and what they share."""
