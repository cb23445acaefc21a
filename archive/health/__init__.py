"""Whether the articles of a source are as good as they were: measurements, judgement, quarantine, alarms."""
