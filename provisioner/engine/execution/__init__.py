"""Apply and destroy a stack: each result is recorded before the next call."""
