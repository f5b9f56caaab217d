"""Settings that commands put beside `stack.toml` and the state keeps: sizes, sleep, images, expiration. No calls."""
