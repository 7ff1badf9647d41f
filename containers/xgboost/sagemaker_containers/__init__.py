"""What scripts written for AWS's XGBoost container import from `sagemaker_containers`."""
