"""The geometry kernel: plain functions on arrays of shapely polygons in a projected CRS in
metres.
"""
