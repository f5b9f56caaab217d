"""The picture of a stack: its geometry, the SVG, and the page around it.

Places follow from the one architecture of all stacks: tiers from top to bottom, services from left to right, callers
before callees. `operations/pictures/diagram.py` chooses the content.
"""
