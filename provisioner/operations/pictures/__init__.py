"""A stack as a picture, and as the dashboard that is drawn from it."""
