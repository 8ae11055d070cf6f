"""Figures: how fast, how exact, how quick to recover, beside what people would pick instead. ``make bench`` runs them.

======================  ================================================================================================
``job.py``              the common job, the same functions for every contestant
``contestants/``        who does it: one small file each, in processes of their own
``workload.py``         the events, seeded, and what must come of them
``cluster.py``          the real Kafka that they work on, its topics, what is read back
``processes.py``        started processes: their CPU time and memory
``measuring.py``        from timestamps to rates and percentiles
``common.py``           one contestant's run and latency on the common job, checked before it is measured
``product.py``          the product's own workers under full load, from raw topics to metrics; checked likewise
``product_latency.py``  their latency, to scored records, metrics and alerts
``results.py``          what was found, as values
``table.py``            what is printed
``__main__.py``         the run: rounds, interleaved
``growth.py``           what an event costs on much state, against none
``recovery.py``         how long the flow stops when something happens to it; ``flow.py`` is the load and the clock
``detection/``          how well the detectors judge, on recordings and on made series
======================  ================================================================================================
"""
