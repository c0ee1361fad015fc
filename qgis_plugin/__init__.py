"""What QGIS shows a person: the plugin, its provider and its windows."""
