"""How good the detector is: on NAB's tweets, on series made here, and how fast."""
