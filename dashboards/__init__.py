"""What Grafana shows, as typed code, and the table of metrics: ``make dashboards`` writes both into ``deploy/``."""
