BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE documents (
	id VARCHAR(36) NOT NULL, 
	kind VARCHAR(64) NOT NULL, 
	account VARCHAR(12) NOT NULL, 
	region VARCHAR(32) NOT NULL, 
	name VARCHAR(1024) NOT NULL, 
	arn VARCHAR(2048) NOT NULL, 
	owner VARCHAR(36) DEFAULT '' NOT NULL, 
	state VARCHAR(64) DEFAULT '' NOT NULL, 
	created_at FLOAT NOT NULL, 
	modified_at FLOAT NOT NULL, 
	spec TEXT NOT NULL, 
	status TEXT NOT NULL, 
	tags TEXT DEFAULT '{}' NOT NULL, 
	version INTEGER DEFAULT '1' NOT NULL, 
	due_at FLOAT, 
	lock_token VARCHAR(36), 
	locked_until FLOAT, 
	CONSTRAINT pk_documents PRIMARY KEY (id), 
	CONSTRAINT uq_documents_kind_account_region_name UNIQUE (kind, account, region, name)
);
INSERT INTO "documents" VALUES('90245528-837d-4bf6-99b1-2e6d8c0c1534','iam:FirstStart','123456789012','','123456789012','','','',1.79561929008124089241e+09,1.79561929008124089241e+09,'{}','{}','{}',1,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('a3342515-2a45-4829-b60c-6be6f3e505b0','iam:User','123456789012','','administrator','arn:aws:iam::123456789012:user/administrator','','',1.79561929008124089241e+09,1.79561929008124089241e+09,'{"UserName":"administrator","UserId":"AIDAL4XWFHP3U44T22NN","Path":"/"}','{}','{}',1,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('612db4db-574d-4234-9002-4fb670dc8f96','iam:Role','123456789012','','sagemakerexecutionrole','arn:aws:iam::123456789012:role/SageMakerExecutionRole','','',1.79561929008124089241e+09,1.79561929008124089241e+09,'{"RoleName":"SageMakerExecutionRole","RoleId":"AROAVTQRIZRSEUBZUTCK","Path":"/","AssumeRolePolicyDocument":"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"sagemaker.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}]}","MaxSessionDuration":43200,"Description":"What SageMaker jobs may do unless another role is named."}','{}','{}',1,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('27efd444-a6a3-42ab-8843-c892cedf77d6','s3:Sweep','','','blobs','arn:aws:s3:::sweep/blobs','','',1.79561929008973288537e+09,1.79561929008973288537e+09,'{}','{"StraysAt":1795619292.1239362}','{}',2,1.79561935212554526324e+09,NULL,NULL);
INSERT INTO "documents" VALUES('3045b855-7d86-4845-8d2c-5f07ee274505','s3:Bucket','','','kept','arn:aws:s3:::kept','123456789012','',1.79561929335195112232e+09,1.79561929336839699745e+09,'{"Bucket":"kept","Region":"us-east-1"}','{"PublicAccessBlock":{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":true},"Versioning":"Enabled"}','{}',2,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('70846698-54c7-4462-8e84-61416462371c','iam:User','123456789012','','kept','arn:aws:iam::123456789012:user/Kept','','',1795619293.906,1795619293.906,'{"UserName":"Kept","Path":"/","UserId":"AIDAKQWAU4XTOH2LKJJO"}','{}','{"team":"ml"}',1,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('861de3c0-83a0-4aa0-a5dc-a6cb4f86bce2','iam:Policy','123456789012','','kept','arn:aws:iam::123456789012:policy/Kept','','',1795619293.933,1795619293.933,'{"PolicyName":"Kept","Path":"/","PolicyId":"ANPA5SDGKDUTIHLVWROR"}','{}','{}',1,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('55162fee-9d8b-44f2-b916-60f08cc2b85c','iam:Role','123456789012','','kept','arn:aws:iam::123456789012:role/Kept','','',1795619293.943,1795619293.943,'{"RoleName":"Kept","AssumeRolePolicyDocument":"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"sagemaker.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}]}","Path":"/","RoleId":"AROAYJYAB3IUBNDPIFU3","MaxSessionDuration":3600}','{}','{}',1,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('00fd7ef1-a299-4867-9b6f-05147e778109','logs:LogGroup','123456789012','us-east-1','/kept','arn:aws:logs:us-east-1:123456789012:log-group:/kept','','',1795619293.991,1795619293.991,'{"logGroupClass":"STANDARD","logGroupName":"/kept"}','{}','{}',1,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('41be3cef-701f-4c3e-8569-1530c1a3e008','s3:Bucket','','','jobs-21094-140320466908496','arn:aws:s3:::jobs-21094-140320466908496','123456789012','',1.79561929460184860232e+09,1.79561929460184860232e+09,'{"Bucket":"jobs-21094-140320466908496","Region":"us-east-1"}','{"PublicAccessBlock":{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}}','{}',1,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('1335ec7c-ba40-4470-a9a0-d2d5e08e7e10','sagemaker:TrainingJob','123456789012','us-east-1','kept','arn:aws:sagemaker:us-east-1:123456789012:training-job/kept','','Completed',1795619294.802,1.79561929547230839728e+09,'{"EnableNetworkIsolation":false,"EnableInterContainerTrafficEncryption":false,"EnableManagedSpotTraining":false,"TrainingJobName":"kept","AlgorithmSpecification":{"TrainingImage":"123456789012.dkr.ecr.us-east-1.amazonaws.com/probe:latest","TrainingInputMode":"File"},"RoleArn":"arn:aws:iam::123456789012:role/SageMakerExecutionRole","HyperParameters":{"code":"cHJpbnQoJ2tlcHQnLCBmbHVzaD1UcnVlKQ=="},"OutputDataConfig":{"KmsKeyId":"","CompressionType":"GZIP","S3OutputPath":"s3://jobs-21094-140320466908496/output"},"ResourceConfig":{"InstanceCount":1,"InstanceType":"ml.m5.large","VolumeSizeInGB":1},"StoppingCondition":{"MaxRuntimeInSeconds":600}}','{"SecondaryStatus":"Completed","SecondaryStatusTransitions":[{"Status":"Starting","StartTime":1795619294.8015857,"StatusMessage":"Preparing the instances for training","EndTime":1795619294.82214},{"Status":"Downloading","StartTime":1795619294.82214,"StatusMessage":"Downloading the training image","EndTime":1795619295.325782},{"Status":"Training","StartTime":1795619295.325782,"StatusMessage":"Training image download completed. Training in progress.","EndTime":1795619295.4145372},{"Status":"Uploading","StartTime":1795619295.4145372,"StatusMessage":"Uploading generated training model","EndTime":1795619295.4723084},{"Status":"Completed","StartTime":1795619295.4723084,"StatusMessage":"Training job completed","EndTime":1795619295.4723084}],"ModelArtifacts":{"S3ModelArtifacts":"s3://jobs-21094-140320466908496/output/kept/output/model.tar.gz"},"TrainingStartTime":1795619295.314603,"TrainingEndTime":1795619295.4723084,"TrainingTimeInSeconds":1,"BillableTimeInSeconds":1}','{"team":"ml"}',10,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('62c99b17-f749-4d2f-9fff-1abec52ca2d6','logs:LogGroup','123456789012','us-east-1','/aws/sagemaker/TrainingJobs','arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/TrainingJobs','','',1795619295.345,1795619295.345,'{"logGroupClass":"STANDARD","logGroupName":"/aws/sagemaker/TrainingJobs"}','{}','{}',1,NULL,NULL,NULL);
CREATE TABLE iam_grants (
	entity VARCHAR(36) NOT NULL, 
	purpose VARCHAR(8) NOT NULL, 
	policy_arn VARCHAR(2048) NOT NULL, 
	CONSTRAINT pk_iam_grants PRIMARY KEY (entity, purpose, policy_arn)
);
INSERT INTO "iam_grants" VALUES('a3342515-2a45-4829-b60c-6be6f3e505b0','attached','arn:aws:iam::aws:policy/AdministratorAccess');
INSERT INTO "iam_grants" VALUES('612db4db-574d-4234-9002-4fb670dc8f96','attached','arn:aws:iam::aws:policy/AmazonSageMakerFullAccess');
INSERT INTO "iam_grants" VALUES('55162fee-9d8b-44f2-b916-60f08cc2b85c','attached','arn:aws:iam::123456789012:policy/Kept');
CREATE TABLE iam_inline_policies (
	entity VARCHAR(36) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	document TEXT NOT NULL, 
	CONSTRAINT pk_iam_inline_policies PRIMARY KEY (entity, name)
);
INSERT INTO "iam_inline_policies" VALUES('612db4db-574d-4234-9002-4fb670dc8f96','JobData','{"Version": "2012-10-17", "Statement": [{"Sid": "Data", "Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:ListBucketMultipartUploads", "s3:ListBucket", "s3:ListAllMyBuckets", "s3:GetBucketLocation", "s3:CreateBucket"], "Resource": "*"}, {"Sid": "Logs", "Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:GetLogEvents"], "Resource": "*"}, {"Sid": "Metrics", "Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"}, {"Sid": "Images", "Effect": "Allow", "Action": ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories"], "Resource": "*"}]}');
INSERT INTO "iam_inline_policies" VALUES('70846698-54c7-4462-8e84-61416462371c','inline','{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}');
CREATE TABLE iam_keys (
	id VARCHAR(32) NOT NULL, 
	entity VARCHAR(36) NOT NULL, 
	unique_id VARCHAR(32) NOT NULL, 
	secret VARCHAR(64) NOT NULL, 
	status VARCHAR(16) DEFAULT 'Active' NOT NULL, 
	session_token TEXT, 
	session_name VARCHAR(64), 
	session_policies TEXT DEFAULT '[]' NOT NULL, 
	created_at FLOAT NOT NULL, 
	expires_at FLOAT, 
	used_at FLOAT, 
	used_service VARCHAR(64), 
	used_region VARCHAR(32), 
	CONSTRAINT pk_iam_keys PRIMARY KEY (id)
);
INSERT INTO "iam_keys" VALUES('AKIAAYXM6KFQ24YWRZRV','a3342515-2a45-4829-b60c-6be6f3e505b0','AIDAL4XWFHP3U44T22NN','-9DkRcOZkjrde-DvQSEEPqllvqkZJ0IstEDgvZz7','Active',NULL,NULL,'[]',1.79561929008124518394e+09,NULL,1.79561929334594702718e+09,'s3','us-east-1');
INSERT INTO "iam_keys" VALUES('AKIAJLBW74BH5YNMKXF3','70846698-54c7-4462-8e84-61416462371c','AIDAKQWAU4XTOH2LKJJO','UHCWwtKWUWtUSmP51LrA0ZwMZAfTFqJPa8OzHUdF','Active',NULL,NULL,'[]',1.79561929391524457933e+09,NULL,NULL,NULL,NULL);
INSERT INTO "iam_keys" VALUES('ASIAARKH7OZ3CFBD5QN3','612db4db-574d-4234-9002-4fb670dc8f96','AROAVTQRIZRSEUBZUTCK','ilvp-gb-rCUkDg6qgbW1FHK1kEtOCWubjtEDxdCg','Active','umc4IqWzPSI2NCDlPRhz5aKeZxk9zkhXrtTyDkwGa0DGsXOQpariLFt1qRLTBHFcLpgtntVCQCyoZoyzwRJeRKCOcRuv0E3l9nnRFyl0p4g9sJaWXKKNV0q-1iXBbs_DKucfz1T8G5wgNbozUeS-1LabMCLXW3RHNfkSdi5Vt4HhGUm4884J6NzTnFwlQMdDgC4LOYM8S7_geFX7hx9mihog1NIK8Nt9N--aJk7g2clrSJ1p8yCKZZKGmdlBknj8','SageMaker','[]',1.79561929532813835145e+09,1.79562289532809376711e+09,NULL,NULL,NULL);
CREATE TABLE iam_policy_versions (
	policy VARCHAR(36) NOT NULL, 
	number INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	is_default INTEGER NOT NULL, 
	created_at FLOAT NOT NULL, 
	CONSTRAINT pk_iam_policy_versions PRIMARY KEY (policy, number)
);
INSERT INTO "iam_policy_versions" VALUES('861de3c0-83a0-4aa0-a5dc-a6cb4f86bce2',1,'{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}',1,1795619293.933);
CREATE TABLE instances (
	id VARCHAR(36) NOT NULL, 
	owner VARCHAR(36) NOT NULL, 
	position INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	role_arn VARCHAR(2048) NOT NULL, 
	session_name VARCHAR(64) NOT NULL, 
	handle TEXT, 
	phase VARCHAR(32) DEFAULT 'Starting' NOT NULL, 
	report TEXT DEFAULT '{}' NOT NULL, 
	reported_at FLOAT, 
	stop INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_instances PRIMARY KEY (id), 
	CONSTRAINT uq_instances_owner_position_attempt UNIQUE (owner, position, attempt)
);
INSERT INTO "instances" VALUES('a661ca6b-7607-4b40-9238-6fd6b09590db','1335ec7c-ba40-4470-a9a0-d2d5e08e7e10',0,0,'revoked-a661ca6b-7607-4b40-9238-6fd6b09590db','arn:aws:iam::123456789012:role/SageMakerExecutionRole','SageMaker','{"runtime":"process","name":"training-1335ec7c-ba40-4470-a9a0-d2d5e08e7e10-algo-1","group":"training-1335ec7c-ba40-4470-a9a0-d2d5e08e7e10","address":"127.156.236.10","isolation":"bubblewrap","directory":"/tmp/tmpmdwf5xa_/runtime/instances/training-1335ec7c-ba40-4470-a9a0-d2d5e08e7e10-algo-1","cgroups":["/sys/fs/cgroup/cpu/salvia-edcf56b78c/training-1335ec7c-ba40-4470-a9a0-d2d5e08e7e10-algo-1","/sys/fs/cgroup/memory/process_api/4f759b5b4f51046fda61a24d6168ce5e/salvia-edcf56b78c/training-1335ec7c-ba40-4470-a9a0-d2d5e08e7e10-algo-1","/sys/fs/cgroup/pids/salvia-edcf56b78c/training-1335ec7c-ba40-4470-a9a0-d2d5e08e7e10-algo-1"]}','Exited','{"phase":"Exited","message":"","times":{"Starting":1795619295.3145962,"Downloading":1795619295.3146052,"Training":1795619295.3257828,"Uploading":1795619295.4145372,"Exited":1795619295.4395654},"metrics":[],"exit":{"code":0,"signal":null,"oom":false,"failure":null,"error":null,"log_tail":["kept"]}}',1.79561929544031596188e+09,0);
CREATE TABLE log_events (
	stream VARCHAR(36) NOT NULL, 
	first_at BIGINT NOT NULL, 
	position BIGINT NOT NULL, 
	log_group VARCHAR(36) NOT NULL, 
	last_at BIGINT NOT NULL, 
	received_at BIGINT NOT NULL, 
	count INTEGER NOT NULL, 
	bytes INTEGER NOT NULL, 
	events BLOB NOT NULL, 
	CONSTRAINT pk_log_events PRIMARY KEY (stream, first_at, position)
);
INSERT INTO "log_events" VALUES('5a268075-95e8-45b0-a528-6c8f436ee176',1795619293999,1,'00fd7ef1-a299-4867-9b6f-05147e778109',1795619293999,1795619294003,1,32,X'78018B8E3634B7343533B434B234B6B4B48CD589564A54C8C9CC4B558A8D0500656A0781');
INSERT INTO "log_events" VALUES('feb25bb9-8d37-485f-ab00-b903b1f093d6',1795619295396,1,'62c99b17-f749-4d2f-9fff-1abec52ca2d6',1795619295396,1795619295434,1,30,X'78018B8E3634B7343533B434B23435B6348BD58956CA4E2D28518A8D050057D60705');
CREATE TABLE log_streams (
	id VARCHAR(36) NOT NULL, 
	log_group VARCHAR(36), 
	name VARCHAR(512) NOT NULL, 
	created_at BIGINT NOT NULL, 
	position BIGINT DEFAULT '0' NOT NULL, 
	number BIGINT DEFAULT '0' NOT NULL, 
	first_at BIGINT DEFAULT '0' NOT NULL, 
	last_at BIGINT DEFAULT '0' NOT NULL, 
	received_at BIGINT DEFAULT '0' NOT NULL, 
	span BIGINT DEFAULT '0' NOT NULL, 
	bytes BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_log_streams PRIMARY KEY (id), 
	CONSTRAINT uq_log_streams_log_group_name UNIQUE (log_group, name)
);
INSERT INTO "log_streams" VALUES('5a268075-95e8-45b0-a528-6c8f436ee176','00fd7ef1-a299-4867-9b6f-05147e778109','stream',1795619293996,1,0,1795619293999,1795619293999,1795619294003,0,32);
INSERT INTO "log_streams" VALUES('feb25bb9-8d37-485f-ab00-b903b1f093d6','62c99b17-f749-4d2f-9fff-1abec52ca2d6','kept/algo-1-1795619294',1795619295357,1,1,1795619295396,1795619295396,1795619295434,0,30);
CREATE TABLE metric_data (
	id VARCHAR(36) NOT NULL, 
	metric VARCHAR(36) NOT NULL, 
	at FLOAT NOT NULL, 
	unit VARCHAR(32) NOT NULL, 
	count FLOAT NOT NULL, 
	sum FLOAT NOT NULL, 
	minimum FLOAT NOT NULL, 
	maximum FLOAT NOT NULL, 
	data TEXT, 
	CONSTRAINT pk_metric_data PRIMARY KEY (id)
);
INSERT INTO "metric_data" VALUES('20385c98-b84e-4d40-8ef4-5399e73b421c','c4f3fdaa-795e-40d0-8c27-f7c54d4d09bf',1795619280.0,'None',1.0,0.5,0.5,0.5,NULL);
CREATE TABLE metrics (
	id VARCHAR(36) NOT NULL, 
	account VARCHAR(12) NOT NULL, 
	region VARCHAR(32) NOT NULL, 
	namespace VARCHAR(255) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	dimensions TEXT NOT NULL, 
	last_at FLOAT NOT NULL, 
	CONSTRAINT pk_metrics PRIMARY KEY (id), 
	CONSTRAINT uq_metrics_account_region_namespace_name_dimensions UNIQUE (account, region, namespace, name, dimensions)
);
INSERT INTO "metrics" VALUES('c4f3fdaa-795e-40d0-8c27-f7c54d4d09bf','123456789012','us-east-1','Kept','loss','[["d","1"]]',1.7956192941358516216e+09);
CREATE TABLE s3_blobs (
	id VARCHAR(64) NOT NULL, 
	uses INTEGER NOT NULL, 
	unused_at FLOAT, 
	CONSTRAINT pk_s3_blobs PRIMARY KEY (id)
);
INSERT INTO "s3_blobs" VALUES('2e8463e5c041db83465ecc7de509b237',1,NULL);
INSERT INTO "s3_blobs" VALUES('80ecc5991435b744ce70464d3085ffd3',1,NULL);
INSERT INTO "s3_blobs" VALUES('7d9058259f162343ed81033620fcd49e',1,NULL);
INSERT INTO "s3_blobs" VALUES('86dbc93aab768db5683cd7e9d1d2e714',1,NULL);
INSERT INTO "s3_blobs" VALUES('6f492728527db1c1e65961d57a317e0c',1,NULL);
CREATE TABLE s3_parts (
	upload VARCHAR(128) NOT NULL, 
	number INTEGER NOT NULL, 
	size BIGINT NOT NULL, 
	etag VARCHAR(64) NOT NULL, 
	created_at FLOAT NOT NULL, 
	checksums TEXT DEFAULT '{}' NOT NULL, 
	layout TEXT NOT NULL, 
	CONSTRAINT pk_s3_parts PRIMARY KEY (upload, number), 
	FOREIGN KEY(upload) REFERENCES s3_uploads (id) ON DELETE CASCADE
);
INSERT INTO "s3_parts" VALUES('6eZ7OGFmZ69NmtB6fT3L_yybihJznpulG4BDqUh6szUD8kSpPhOFR37Ws6mEP2hO',3,4,'f4c9385f1902f7334b00b9b4ecd164de',1.79561929344167685515e+09,'{"CRC32":"SQ9wxg=="}','{"extents":[["86dbc93aab768db5683cd7e9d1d2e714",0,4]]}');
CREATE TABLE s3_uploads (
	id VARCHAR(128) NOT NULL, 
	bucket VARCHAR(36) NOT NULL, 
	"key" BLOB NOT NULL, 
	created_at FLOAT NOT NULL, 
	initiator TEXT NOT NULL, 
	facts TEXT NOT NULL, 
	tags TEXT DEFAULT '{}' NOT NULL, 
	outcome TEXT, 
	completed_at FLOAT, 
	CONSTRAINT pk_s3_uploads PRIMARY KEY (id)
);
INSERT INTO "s3_uploads" VALUES('6eZ7OGFmZ69NmtB6fT3L_yybihJznpulG4BDqUh6szUD8kSpPhOFR37Ws6mEP2hO','3045b855-7d86-4845-8d2c-5f07ee274505',X'68616C66',1.79561929342852735517e+09,'{"ID":"arn:aws:iam::123456789012:user/administrator","DisplayName":"administrator"}','{"ContentType":"binary/octet-stream","ServerSideEncryption":"AES256"}','{}',NULL,NULL);
CREATE TABLE s3_versions (
	bucket VARCHAR(36) NOT NULL, 
	"key" BLOB NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	position BIGINT NOT NULL, 
	latest INTEGER NOT NULL, 
	marker INTEGER NOT NULL, 
	size BIGINT NOT NULL, 
	etag VARCHAR(64) NOT NULL, 
	created_at FLOAT NOT NULL, 
	facts TEXT NOT NULL, 
	tags TEXT DEFAULT '{}' NOT NULL, 
	layout TEXT NOT NULL, 
	CONSTRAINT pk_s3_versions PRIMARY KEY (bucket, "key", version)
);
INSERT INTO "s3_versions" VALUES('3045b855-7d86-4845-8d2c-5f07ee274505',X'6EC3A46D652F612062','V2n6Wvhe59LqswoXVBcKbM3wUmLEq8iX',-1795619293384341387,0,0,3,'f97c5d29941bfb1b2fdab0874906ab82',1.79561929338390827183e+09,'{"ContentType":"binary/octet-stream","Metadata":{"m":"v"},"ServerSideEncryption":"AES256","Checksums":{"CRC32":"emyG8Q=="},"ChecksumType":"FULL_OBJECT"}','{"k":"v"}','{"extents":[["2e8463e5c041db83465ecc7de509b237",0,3]]}');
INSERT INTO "s3_versions" VALUES('3045b855-7d86-4845-8d2c-5f07ee274505',X'6EC3A46D652F612062','srAZj1xgqLoi_BHxmLwhasDyZjpy0rR6',-1795619293398439293,1,0,5,'35d6d33467aae9a2e3dccb4b6b027878',1.79561929339801692965e+09,'{"ContentType":"binary/octet-stream","Metadata":{"m":"v"},"ServerSideEncryption":"AES256","Checksums":{"CRC32":"RsXY9Q=="},"ChecksumType":"FULL_OBJECT"}','{"k":"v"}','{"extents":[["80ecc5991435b744ce70464d3085ffd3",0,5]]}');
INSERT INTO "s3_versions" VALUES('3045b855-7d86-4845-8d2c-5f07ee274505',X'676F6E65','V-uequXWVtBB_NnQmJOytXzxkFnd--mh',-1795619293409904891,0,0,4,'50c1f58be7f5e47e0f53d64c094783c2',1.79561929340956783298e+09,'{"ContentType":"binary/octet-stream","ServerSideEncryption":"AES256","Checksums":{"CRC32":"AphPRQ=="},"ChecksumType":"FULL_OBJECT"}','{}','{"extents":[["7d9058259f162343ed81033620fcd49e",0,4]]}');
INSERT INTO "s3_versions" VALUES('3045b855-7d86-4845-8d2c-5f07ee274505',X'676F6E65','cO8UXRP3VgTuNvXsW3n4mUG1I08queql',-1795619293419015321,1,1,0,'',1.79561929341883563999e+09,'{}','{}','{"extents":[]}');
INSERT INTO "s3_versions" VALUES('41be3cef-701f-4c3e-8569-1530c1a3e008',X'6F75747075742F6B6570742F6F75747075742F6D6F64656C2E7461722E677A','null',-1795619295431742445,1,0,80,'c1d6f56f86f949b7b306039a023ca651',1.79561929543155026443e+09,'{"ContentType":"binary/octet-stream","ServerSideEncryption":"AES256"}','{}','{"extents":[["6f492728527db1c1e65961d57a317e0c",0,80]]}');
CREATE INDEX ix_documents_arn ON documents (arn);
CREATE INDEX ix_documents_due ON documents (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_documents_list_created_at ON documents (kind, account, region, created_at, id, name, state);
CREATE INDEX ix_documents_list_modified_at ON documents (kind, account, region, modified_at, id, name, state);
CREATE INDEX ix_documents_owner ON documents (owner, kind);
CREATE INDEX ix_iam_grants_policy_arn ON iam_grants (policy_arn, entity);
CREATE INDEX ix_iam_keys_entity ON iam_keys (entity, created_at);
CREATE INDEX ix_iam_keys_expires_at ON iam_keys (expires_at) WHERE expires_at IS NOT NULL;
CREATE UNIQUE INDEX ix_instances_token ON instances (token_hash);
CREATE INDEX ix_log_events_group_first ON log_events (log_group, first_at, stream, position);
CREATE INDEX ix_log_events_group_last ON log_events (log_group, last_at, stream, position);
CREATE INDEX ix_log_events_stream_last ON log_events (stream, last_at, position);
CREATE INDEX ix_log_streams_last ON log_streams (log_group, last_at, name);
CREATE INDEX ix_metric_data ON metric_data (metric, at);
CREATE INDEX ix_s3_blobs_unused ON s3_blobs (unused_at) WHERE unused_at IS NOT NULL;
CREATE INDEX ix_s3_uploads_completed ON s3_uploads (completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX ix_s3_uploads_key ON s3_uploads (bucket, "key", id);
CREATE UNIQUE INDEX ix_s3_versions_latest ON s3_versions (bucket, latest, "key") WHERE latest = 1;
CREATE UNIQUE INDEX ix_s3_versions_position ON s3_versions (bucket, "key", position);
COMMIT;
