"""How the scorer's weights are made, and how well they read. Not part of the installed package."""
