"""PromQL over columns: a tree, the data it needs, and its value at every step at once."""
