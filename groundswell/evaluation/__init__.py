"""How well the scorer hears: the project's own evaluation sets, the public ones, and the figures of the model card.

Nothing here is ever trained on.
"""
