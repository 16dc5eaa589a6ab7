"""Questions asked beside a run, each with its own folder of tables."""
