"""The picture of a stack: its geometry, the SVG, and the page around it.

Where things stand follows from the one architecture that there is: tiers from top to bottom, services from left to
right by who calls whom. What the picture shows is no matter of this package: `operations/inspection/diagram.py`.
"""
