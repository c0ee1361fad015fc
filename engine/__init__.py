"""The checks of Plan Concord: plain Python on geopandas and shapely, without QGIS."""
