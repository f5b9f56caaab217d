"""The engine: declares, plans, converges and removes things of any kind, and knows no AWS service."""
