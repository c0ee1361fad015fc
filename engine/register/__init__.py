"""The plan register: one table that names the plans of a province, read, judged, proposed from a
folder, and written as a template.
"""
