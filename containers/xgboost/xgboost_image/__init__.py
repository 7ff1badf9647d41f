"""The XGBoost image: a training program under SageMaker's container contract."""
