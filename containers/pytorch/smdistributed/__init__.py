"""What scripts written for AWS's SMDDP library import, on gloo."""
