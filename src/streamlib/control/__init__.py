"""Who asks a runtime from outside: the command line.

Processors are reached by type name, as a third party's are; what is demonstrated here is made of graphs.
"""
