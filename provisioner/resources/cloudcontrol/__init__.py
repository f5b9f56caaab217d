"""Any of AWS's resource types by the Cloud Control API: a resource type here is made out of AWS's schema of it.

Not here: types with a class of their own.
"""
