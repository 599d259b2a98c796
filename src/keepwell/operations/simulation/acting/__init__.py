"""What a simulated policy does to the past: who answers what, which playbooks are carried out, who agrees."""
