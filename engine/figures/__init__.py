"""Tables of figures: how they are read, and whether each agrees with itself."""
