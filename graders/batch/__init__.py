"""Many at once: prepare a job, run it over workers, go on after an interruption."""
