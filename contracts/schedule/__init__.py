"""Plans of what has to take place regularly, and the finding of periods in which it did not."""
