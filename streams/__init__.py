"""What happens: raw → scored → detected → published, as pure steps with thin edges."""

import os

# A worker is one process a core: a product of small matrices spread over threads costs twice the processor time. It has
# to be said before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
