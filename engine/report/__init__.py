"""Sheets for the meeting: what a findings store holds, as pages that one prints, discusses and
signs.
"""
