"""One room for what happens between a person's wish and a written result; the toolbox, the command
line and scripts call it.

read → bring together → check → period of the rules → identity → record → write: each step stands
here once.
"""
