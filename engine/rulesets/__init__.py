"""Rule sets: which land use may lie on which zone of the plan above, why, and who gives way."""
