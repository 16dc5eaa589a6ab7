"""How long the real work takes, at real size, beside a yardstick run in the same minute."""
