"""What travels: one file a topic family. Nothing here imports anything else of Groundswell."""
