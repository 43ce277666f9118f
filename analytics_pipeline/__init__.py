"""aicache-analytics: from dropped log files to a daily report, orchestrated by Dagster."""
