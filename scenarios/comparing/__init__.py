"""Runs side by side: what differs, for whom, and whether it can be told apart."""
