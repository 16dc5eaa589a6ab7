"""What tables need before they may leave: headings, hidden counts, safe cells, a line of who."""
