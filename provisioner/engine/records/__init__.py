"""Compare records with AWS: lookup, references by name, dependents, former type names."""
