"""Parts of `deploy` and `rollback`: scope, images, rollout, withdrawal of a failed rollout."""
