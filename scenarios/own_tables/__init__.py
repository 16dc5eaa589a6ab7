"""Tables that a user brings: taken in with care, kept apart, checked, and described."""
