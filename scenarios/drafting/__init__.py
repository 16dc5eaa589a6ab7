"""Scenarios that are being written."""
