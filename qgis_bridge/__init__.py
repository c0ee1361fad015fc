"""What algorithms and windows share of QGIS: layers in, sinks out, stores, feedback, threads,
libraries, styles.
"""
