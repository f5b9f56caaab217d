"""Sentences of EFS that several rules say.

The codes are those of the API's model; where no source quotes the sentence, its wording is a guess.
"""

from __future__ import annotations

NOT_AVAILABLE = "None of the file system's operations is possible: {} is {}, and not available."
"""IncorrectFileSystemLifeCycleState: "the file system's lifecycle state is not available" (API's model)."""
MANY_GROUPS = "The maximum number of security groups per interface has been reached."
WRONG_LIFECYCLE = "One or more LifecyclePolicy objects specified are malformed."
