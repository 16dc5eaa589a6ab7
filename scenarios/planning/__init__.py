"""Who is held where: decided, stored, explained, steered and decided again."""
