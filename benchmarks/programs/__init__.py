"""The sides of the rows. Each runs in a process of its own and prints its figures as JSON in its last line.

The peers' sides import nothing of StreamLib, and run in whatever interpreter has the peer.
"""
