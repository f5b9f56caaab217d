"""Programs that write what is kept in the repository; none of them is needed to use it."""
