"""Who runs it: the Faust agents ``score``, ``detect`` and ``notify``."""
