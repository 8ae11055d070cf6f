"""The weekly report: what a week's records say about one brand, on one page."""
