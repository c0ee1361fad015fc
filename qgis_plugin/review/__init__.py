"""The review dock: a person goes through the findings of a store and decides about each."""
