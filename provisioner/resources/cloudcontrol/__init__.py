"""Any of AWS's resource types, through the Cloud Control API: each type is made from AWS's schema of it.

Not here: types with a class of their own.
"""
