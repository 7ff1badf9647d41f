"""What scripts written for AWS's XGBoost container import from it: `data_utils.get_dmatrix`, `distributed.rabit_run`,
`encoder.libsvm_to_dmatrix` and the like.

Source: its README and examples ("Regression with Amazon SageMaker XGBoost (script mode)").
"""
