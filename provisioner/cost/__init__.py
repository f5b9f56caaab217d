"""What a stack costs: a dated table of AWS's list prices, and sums over what the resource types say of themselves.

Nothing here calls AWS, but for `refresh`, which reads prices and nothing else.
"""
