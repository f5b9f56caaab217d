"""The cost of a stack: a dated table of AWS's list prices, and sums over the costs that the resource types declare.

This package makes no call to AWS. `provision cost --refresh` reads newer prices into the state directory.
"""
