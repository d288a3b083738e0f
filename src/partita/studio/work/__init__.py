"""What a worker process does for each verb: call the task, keep what the page shows in the job's folder."""
