"""What AWS really answered, held against what the tool makes of it and against what the embedded cloud answers."""
