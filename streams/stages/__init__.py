"""The edge between frames and steps: a frame comes in, a step is asked what follows, and that is done in order.

The order is what makes at-least-once exact in effect: publish and wait for the broker's acknowledgements, write the
state, and only then is the frame finished.
"""
