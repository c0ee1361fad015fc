"""Tables as people keep them: spreadsheets and CSV in and out, what is wrong with them, and the one
place where files are written.
"""
