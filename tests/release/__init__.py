"""`make release`: what has to be true of a release, its tag, and what is built of it. Nothing is uploaded."""
