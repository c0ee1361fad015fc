"""One check a file: plans in the working CRS in, CheckResult out; a check neither reads files nor
reprojects.
"""
