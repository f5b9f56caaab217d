"""Programs that write files of this repository; no user needs them."""
