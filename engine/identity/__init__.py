"""Which finding of this draft is which of the last one, what became of it, and what two drafts of a
plan have changed.

``previous`` reads a store, ``matching`` pairs two sets of findings one to one, ``fates`` says what
became of each, ``inheritance`` gives the findings of a run the ids, statuses and decisions of the
ones they continue, ``comparing`` sets two stores side by side, ``drafts`` two drafts of one plan:
``draft_ground`` cuts them by each other, ``draft_noise`` separates changes from noise,
``draft_attributes`` knows other fields and who asked. ``command`` offers both on the command line.
Geometries are polygons in one projected CRS in metres.
"""
