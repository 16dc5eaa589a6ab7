"""What a scenario costs and gives, and who pays."""
