"""The frontend of the sample system: one page, drawn from what the backend says."""
