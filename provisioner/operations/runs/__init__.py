"""Run a change of the whole stack: apply, destroy, and the summary at the end."""
