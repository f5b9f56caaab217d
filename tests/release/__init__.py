"""`make release`: the conditions of a release, its tag, and its built files. Nothing is uploaded."""
