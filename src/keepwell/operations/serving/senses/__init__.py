"""What the loop sees besides the monitor's report: load, what training takes, who served before."""
