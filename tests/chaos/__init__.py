"""Seeded faults on a real Kafka under load, judged by the replay of the same records: ``make chaos``."""
