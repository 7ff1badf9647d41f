#!/bin/bash
# Who will leave? The whole loop by the AWS CLI alone: the pipeline is loop/definition.json; then approve, deploy, clean up.
#
# PYTHON=python salvia exec examples/loop.sh        (Python, with pandas, only makes the table and counts at the end)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python}
role=arn:aws:iam::123456789012:role/SageMakerExecutionRole
image=683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3
name=churn-loop-cli
bucket=$name-123456789012
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

"$python" "$here/loop_data.py" make "$work"
tar -C "$here/loop" -czf "$work/source.tar.gz" train.py
aws s3 mb "s3://$bucket"
aws s3 cp --only-show-errors "$work/customers.csv" "s3://$bucket/input/"
for file in "$here/loop/split.py" "$here/loop/evaluate.py" "$work/source.tar.gz"; do
  aws s3 cp --only-show-errors "$file" "s3://$bucket/code/"
done

aws sagemaker create-pipeline --pipeline-name $name --role-arn $role \
  --pipeline-definition "file://$here/loop/definition.json" --output text
execution=$(aws sagemaker start-pipeline-execution --pipeline-name $name --query PipelineExecutionArn --output text \
  --pipeline-parameters "Name=Folder,Value=s3://$bucket" "Name=Image,Value=$image" "Name=Role,Value=$role" \
  "Name=Group,Value=$name" "Name=Rounds,Value=200")
until [[ $(aws sagemaker describe-pipeline-execution --pipeline-execution-arn "$execution" \
  --query PipelineExecutionStatus --output text) != Executing ]]; do sleep 1; done
aws sagemaker list-pipeline-execution-steps --pipeline-execution-arn "$execution" --sort-order Ascending \
  --query 'PipelineExecutionSteps[].[StepName, StepStatus, FailureReason]' --output text
package=$(aws sagemaker list-pipeline-execution-steps --pipeline-execution-arn "$execution" --output text \
  --query "PipelineExecutionSteps[?StepName=='Register'].Metadata.RegisterModel.Arn")

aws sagemaker update-model-package --model-package-arn "$package" --model-approval-status Approved --output text
aws sagemaker create-model --model-name $name --execution-role-arn $role \
  --primary-container "ModelPackageName=$package" --output text
aws sagemaker create-endpoint-config --endpoint-config-name $name --output text --production-variants \
  "VariantName=AllTraffic,ModelName=$name,InstanceType=ml.m5.large,InitialInstanceCount=1"
aws sagemaker create-endpoint --endpoint-name $name --endpoint-config-name $name --output text
aws sagemaker wait endpoint-in-service --endpoint-name $name
aws sagemaker-runtime invoke-endpoint --endpoint-name $name --content-type text/csv --accept application/json \
  --body "fileb://$work/unseen.csv" "$work/scores.json" --output text

aws sagemaker delete-endpoint --endpoint-name $name
aws sagemaker delete-endpoint-config --endpoint-config-name $name
aws sagemaker delete-model --model-name $name
aws sagemaker delete-model-package --model-package-name "$package"
aws sagemaker delete-model-package-group --model-package-group-name $name
aws sagemaker delete-pipeline --pipeline-name $name --output text
aws s3 rb --force "s3://$bucket" | tail -n 1

"$python" "$here/loop_data.py" judge "$work"
