"""A whole province from one register: every plan against itself, its neighbours and the plans above
it, in one findings store.
"""
