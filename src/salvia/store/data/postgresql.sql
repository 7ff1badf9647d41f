CREATE TABLE alarm_history (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	alarm VARCHAR(255) COLLATE "C" NOT NULL,
	kind VARCHAR(32) COLLATE "C" DEFAULT 'MetricAlarm' NOT NULL,
	item VARCHAR(32) COLLATE "C" NOT NULL,
	at FLOAT(53) NOT NULL,
	summary TEXT COLLATE "C" NOT NULL,
	data TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_alarm_history PRIMARY KEY (id)
);
CREATE INDEX ix_alarm_history_alarm ON alarm_history (account, region, alarm, at, id);
CREATE INDEX ix_alarm_history_all ON alarm_history (account, region, at, id);
CREATE INDEX ix_alarm_history_at ON alarm_history (at);
CREATE TABLE alarm_metrics (
	alarm VARCHAR(36) COLLATE "C" NOT NULL,
	metric VARCHAR(36) COLLATE "C" NOT NULL,
	touched FLOAT(53) DEFAULT '0' NOT NULL,
	CONSTRAINT pk_alarm_metrics PRIMARY KEY (alarm)
);
CREATE INDEX ix_alarm_metrics_metric ON alarm_metrics (metric);
CREATE TABLE alarm_references (
	alarm VARCHAR(36) COLLATE "C" NOT NULL,
	arn VARCHAR(2048) COLLATE "C" NOT NULL,
	CONSTRAINT pk_alarm_references PRIMARY KEY (alarm, arn)
);
CREATE INDEX ix_alarm_references_arn ON alarm_references (arn);
CREATE TABLE associations (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	source VARCHAR(36) COLLATE "C" NOT NULL,
	destination VARCHAR(36) COLLATE "C" NOT NULL,
	source_arn VARCHAR(2048) COLLATE "C" NOT NULL,
	destination_arn VARCHAR(2048) COLLATE "C" NOT NULL,
	source_type VARCHAR(256) COLLATE "C" NOT NULL,
	destination_type VARCHAR(256) COLLATE "C" NOT NULL,
	type VARCHAR(32) COLLATE "C" DEFAULT '' NOT NULL,
	created_at FLOAT(53) NOT NULL,
	created_by TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_associations PRIMARY KEY (id),
	CONSTRAINT uq_associations_source_destination UNIQUE (source, destination)
);
CREATE INDEX ix_associations_destination ON associations (destination);
CREATE INDEX ix_associations_list ON associations (account, region, created_at);
CREATE TABLE async_invocations (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	name VARCHAR(63) COLLATE "C" NOT NULL,
	endpoint VARCHAR(36) COLLATE "C" NOT NULL,
	received_at FLOAT(53) NOT NULL,
	expires_at FLOAT(53) NOT NULL,
	due_at FLOAT(53) NOT NULL,
	attempts INTEGER NOT NULL,
	replica VARCHAR(64) COLLATE "C" NOT NULL,
	lock_token VARCHAR(36) COLLATE "C",
	locked_until FLOAT(53),
	request TEXT COLLATE "C" NOT NULL,
	body BYTEA,
	result TEXT COLLATE "C",
	CONSTRAINT pk_async_invocations PRIMARY KEY (id)
);
CREATE INDEX ix_async_invocations_expiry ON async_invocations (replica, expires_at);
CREATE INDEX ix_async_invocations_turn ON async_invocations (endpoint, replica, due_at, id);
CREATE TABLE capacity_claims (
	owner VARCHAR(36) COLLATE "C" NOT NULL,
	runtime VARCHAR(32) COLLATE "C" NOT NULL,
	asked_at FLOAT(53) NOT NULL,
	cpus FLOAT(53) NOT NULL,
	memory BIGINT NOT NULL,
	granted INTEGER NOT NULL,
	CONSTRAINT pk_capacity_claims PRIMARY KEY (owner)
);
CREATE INDEX ix_capacity_claims_asked ON capacity_claims (runtime, granted, asked_at);
CREATE TABLE capacity_turns (
	runtime VARCHAR(32) COLLATE "C" NOT NULL,
	turn BIGINT NOT NULL,
	CONSTRAINT pk_capacity_turns PRIMARY KEY (runtime)
);
CREATE TABLE documents (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	kind VARCHAR(64) COLLATE "C" NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	name VARCHAR(1024) COLLATE "C" NOT NULL,
	arn VARCHAR(2048) COLLATE "C" NOT NULL,
	owner VARCHAR(36) COLLATE "C" DEFAULT '' NOT NULL,
	state VARCHAR(64) COLLATE "C" DEFAULT '' NOT NULL,
	created_at FLOAT(53) NOT NULL,
	modified_at FLOAT(53) NOT NULL,
	spec TEXT COLLATE "C" NOT NULL,
	status TEXT COLLATE "C" NOT NULL,
	tags TEXT COLLATE "C" DEFAULT '{}' NOT NULL,
	version INTEGER DEFAULT '1' NOT NULL,
	due_at FLOAT(53),
	lock_token VARCHAR(36) COLLATE "C",
	locked_until FLOAT(53),
	node VARCHAR(36) COLLATE "C" DEFAULT '' NOT NULL,
	CONSTRAINT pk_documents PRIMARY KEY (id),
	CONSTRAINT uq_documents_kind_account_region_name UNIQUE (kind, account, region, name)
);
CREATE INDEX ix_documents_arn ON documents (arn);
CREATE INDEX ix_documents_due ON documents (due_at);
CREATE INDEX ix_documents_list_created_at ON documents (kind, account, region, created_at, id, name, state);
CREATE INDEX ix_documents_list_modified_at ON documents (kind, account, region, modified_at, id, name, state);
CREATE INDEX ix_documents_owner ON documents (owner, kind);
CREATE TABLE event_deliveries (
	trail VARCHAR(36) COLLATE "C" NOT NULL,
	event VARCHAR(36) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	file VARCHAR(36) COLLATE "C",
	record TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_event_deliveries PRIMARY KEY (trail, event)
);
CREATE INDEX ix_event_deliveries_file ON event_deliveries (trail, file, event);
CREATE TABLE event_intents (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	written_at FLOAT(53) NOT NULL,
	record TEXT COLLATE "C" NOT NULL,
	checked TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_event_intents PRIMARY KEY (id)
);
CREATE TABLE event_journals (
	name VARCHAR(128) COLLATE "C" NOT NULL,
	CONSTRAINT pk_event_journals PRIMARY KEY (name)
);
CREATE TABLE event_resources (
	event VARCHAR(36) COLLATE "C" NOT NULL,
	position INTEGER NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	type VARCHAR(128) COLLATE "C" NOT NULL,
	name VARCHAR(1024) COLLATE "C" NOT NULL,
	CONSTRAINT pk_event_resources PRIMARY KEY (event, position)
);
CREATE INDEX ix_event_resources_name ON event_resources (account, region, name, event);
CREATE INDEX ix_event_resources_type ON event_resources (account, region, type, event);
CREATE TABLE events (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	name VARCHAR(128) COLLATE "C" NOT NULL,
	source VARCHAR(128) COLLATE "C" NOT NULL,
	read_only INTEGER NOT NULL,
	username VARCHAR(128) COLLATE "C" NOT NULL,
	access_key VARCHAR(128) COLLATE "C" NOT NULL,
	request_id VARCHAR(36) COLLATE "C" NOT NULL,
	record TEXT COLLATE "C" NOT NULL,
	checked TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_events PRIMARY KEY (id)
);
CREATE INDEX ix_events_access_key ON events (account, region, access_key, id);
CREATE INDEX ix_events_list ON events (account, region, id, read_only, source);
CREATE INDEX ix_events_name ON events (account, region, name, id);
CREATE INDEX ix_events_request ON events (request_id);
CREATE INDEX ix_events_username ON events (account, region, username, id);
CREATE TABLE gateways (
	id VARCHAR(64) COLLATE "C" NOT NULL,
	node VARCHAR(36) COLLATE "C" NOT NULL,
	socket TEXT COLLATE "C" NOT NULL,
	host VARCHAR(255) COLLATE "C" NOT NULL,
	port INTEGER NOT NULL,
	seen_at FLOAT(53) NOT NULL,
	CONSTRAINT pk_gateways PRIMARY KEY (id)
);
CREATE TABLE iam_accesses (
	id VARCHAR(64) COLLATE "C" NOT NULL,
	entity VARCHAR(2048) COLLATE "C" NOT NULL,
	owner VARCHAR(36) COLLATE "C" NOT NULL,
	action VARCHAR(128) COLLATE "C" NOT NULL,
	resource VARCHAR(2048) COLLATE "C" NOT NULL,
	at FLOAT(53) NOT NULL,
	CONSTRAINT pk_iam_accesses PRIMARY KEY (id)
);
CREATE INDEX ix_iam_accesses_at ON iam_accesses (at);
CREATE INDEX ix_iam_accesses_entity ON iam_accesses (entity);
CREATE INDEX ix_iam_accesses_owner ON iam_accesses (owner);
CREATE TABLE iam_denials (
	request_id VARCHAR(64) COLLATE "C" NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	at FLOAT(53) NOT NULL,
	denial TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_iam_denials PRIMARY KEY (request_id)
);
CREATE INDEX ix_iam_denials_at ON iam_denials (at);
CREATE TABLE iam_grants (
	entity VARCHAR(36) COLLATE "C" NOT NULL,
	purpose VARCHAR(8) COLLATE "C" NOT NULL,
	policy_arn VARCHAR(2048) COLLATE "C" NOT NULL,
	CONSTRAINT pk_iam_grants PRIMARY KEY (entity, purpose, policy_arn)
);
CREATE INDEX ix_iam_grants_policy_arn ON iam_grants (policy_arn, entity);
CREATE TABLE iam_inline_policies (
	entity VARCHAR(36) COLLATE "C" NOT NULL,
	name VARCHAR(128) COLLATE "C" NOT NULL,
	document TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_iam_inline_policies PRIMARY KEY (entity, name)
);
CREATE TABLE iam_keys (
	id VARCHAR(32) COLLATE "C" NOT NULL,
	entity VARCHAR(36) COLLATE "C" NOT NULL,
	unique_id VARCHAR(32) COLLATE "C" NOT NULL,
	secret VARCHAR(64) COLLATE "C" NOT NULL,
	status VARCHAR(16) COLLATE "C" DEFAULT 'Active' NOT NULL,
	session_token TEXT COLLATE "C",
	session_name VARCHAR(64) COLLATE "C",
	session_policies TEXT COLLATE "C" DEFAULT '[]' NOT NULL,
	owner VARCHAR(36) COLLATE "C" DEFAULT '' NOT NULL,
	created_at FLOAT(53) NOT NULL,
	expires_at FLOAT(53),
	used_at FLOAT(53),
	used_service VARCHAR(64) COLLATE "C",
	used_region VARCHAR(32) COLLATE "C",
	CONSTRAINT pk_iam_keys PRIMARY KEY (id)
);
CREATE INDEX ix_iam_keys_entity ON iam_keys (entity, created_at);
CREATE INDEX ix_iam_keys_expires_at ON iam_keys (expires_at);
CREATE TABLE iam_members (
	user_id VARCHAR(36) COLLATE "C" NOT NULL,
	group_id VARCHAR(36) COLLATE "C" NOT NULL,
	CONSTRAINT pk_iam_members PRIMARY KEY (user_id, group_id)
);
CREATE INDEX ix_iam_members_group_id ON iam_members (group_id);
CREATE TABLE iam_policy_versions (
	policy VARCHAR(36) COLLATE "C" NOT NULL,
	number INTEGER NOT NULL,
	document TEXT COLLATE "C" NOT NULL,
	is_default INTEGER NOT NULL,
	created_at FLOAT(53) NOT NULL,
	CONSTRAINT pk_iam_policy_versions PRIMARY KEY (policy, number)
);
CREATE TABLE instances (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	owner VARCHAR(36) COLLATE "C" NOT NULL,
	position INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	token_hash VARCHAR(64) COLLATE "C" NOT NULL,
	role_arn VARCHAR(2048) COLLATE "C" NOT NULL,
	session_name VARCHAR(64) COLLATE "C" NOT NULL,
	handle TEXT COLLATE "C",
	phase VARCHAR(32) COLLATE "C" DEFAULT 'Starting' NOT NULL,
	report TEXT COLLATE "C" DEFAULT '{}' NOT NULL,
	reported_at FLOAT(53),
	stop INTEGER DEFAULT '0' NOT NULL,
	CONSTRAINT pk_instances PRIMARY KEY (id),
	CONSTRAINT uq_instances_owner_position_attempt UNIQUE (owner, position, attempt)
);
CREATE UNIQUE INDEX ix_instances_token ON instances (token_hash);
CREATE TABLE log_events (
	stream VARCHAR(36) COLLATE "C" NOT NULL,
	first_at BIGINT NOT NULL,
	position BIGINT NOT NULL,
	log_group VARCHAR(36) COLLATE "C" NOT NULL,
	last_at BIGINT NOT NULL,
	received_at BIGINT NOT NULL,
	count INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	events BYTEA NOT NULL,
	CONSTRAINT pk_log_events PRIMARY KEY (stream, first_at, position)
);
CREATE INDEX ix_log_events_group_first ON log_events (log_group, first_at, stream, position);
CREATE INDEX ix_log_events_group_last ON log_events (log_group, last_at, stream, position);
CREATE INDEX ix_log_events_stream_last ON log_events (stream, last_at, position);
CREATE TABLE log_streams (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	log_group VARCHAR(36) COLLATE "C",
	name VARCHAR(512) COLLATE "C" NOT NULL,
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
CREATE INDEX ix_log_streams_last ON log_streams (log_group, last_at, name);
CREATE TABLE metric_data (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	metric VARCHAR(36) COLLATE "C" NOT NULL,
	at FLOAT(53) NOT NULL,
	unit VARCHAR(32) COLLATE "C" NOT NULL,
	count FLOAT(53) NOT NULL,
	sum FLOAT(53) NOT NULL,
	minimum FLOAT(53) NOT NULL,
	maximum FLOAT(53) NOT NULL,
	data TEXT COLLATE "C",
	CONSTRAINT pk_metric_data PRIMARY KEY (id)
);
CREATE INDEX ix_metric_data ON metric_data (metric, at, unit, count, sum, minimum, maximum);
CREATE TABLE metrics (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	namespace VARCHAR(255) COLLATE "C" NOT NULL,
	name VARCHAR(255) COLLATE "C" NOT NULL,
	dimensions TEXT COLLATE "C" NOT NULL,
	last_at FLOAT(53) NOT NULL,
	CONSTRAINT pk_metrics PRIMARY KEY (id),
	CONSTRAINT uq_metrics_account_region_namespace_name_dimensions UNIQUE (account, region, namespace, name, dimensions)
);
CREATE TABLE nodes (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	seen_at FLOAT(53) NOT NULL,
	CONSTRAINT pk_nodes PRIMARY KEY (id)
);
CREATE TABLE pipeline_callbacks (
	token VARCHAR(10) COLLATE "C" NOT NULL,
	execution VARCHAR(36) COLLATE "C" NOT NULL,
	step VARCHAR(64) COLLATE "C" NOT NULL,
	pipeline VARCHAR(36) COLLATE "C" NOT NULL,
	state VARCHAR(16) COLLATE "C" NOT NULL,
	answer TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_pipeline_callbacks PRIMARY KEY (token)
);
CREATE INDEX ix_pipeline_callbacks_execution ON pipeline_callbacks (execution, state);
CREATE INDEX ix_pipeline_callbacks_pipeline ON pipeline_callbacks (pipeline);
CREATE TABLE pipeline_steps (
	execution VARCHAR(36) COLLATE "C" NOT NULL,
	name VARCHAR(64) COLLATE "C" NOT NULL,
	pipeline VARCHAR(36) COLLATE "C" NOT NULL,
	number INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	state VARCHAR(16) COLLATE "C" NOT NULL,
	started_at FLOAT(53) NOT NULL,
	ended_at FLOAT(53),
	child VARCHAR(36) COLLATE "C" NOT NULL,
	cache_key VARCHAR(64) COLLATE "C" NOT NULL,
	result TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_pipeline_steps PRIMARY KEY (execution, name)
);
CREATE INDEX ix_pipeline_steps_cache ON pipeline_steps (pipeline, cache_key, ended_at);
CREATE INDEX ix_pipeline_steps_number ON pipeline_steps (execution, number);
CREATE TABLE quota_requests (
	id VARCHAR(40) COLLATE "C" NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	service VARCHAR(63) COLLATE "C" NOT NULL,
	code VARCHAR(16) COLLATE "C" NOT NULL,
	desired FLOAT(53) NOT NULL,
	requester VARCHAR(2048) COLLATE "C" NOT NULL,
	created_at FLOAT(53) NOT NULL,
	CONSTRAINT pk_quota_requests PRIMARY KEY (id)
);
CREATE INDEX ix_quota_requests_created ON quota_requests (account, region, created_at);
CREATE TABLE quota_usage (
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	code VARCHAR(16) COLLATE "C" NOT NULL,
	used BIGINT NOT NULL,
	CONSTRAINT pk_quota_usage PRIMARY KEY (account, region, code)
);
CREATE TABLE quota_values (
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	code VARCHAR(16) COLLATE "C" NOT NULL,
	value FLOAT(53) NOT NULL,
	CONSTRAINT pk_quota_values PRIMARY KEY (account, region, code)
);
CREATE TABLE routes (
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	name VARCHAR(63) COLLATE "C" NOT NULL,
	endpoint VARCHAR(36) COLLATE "C" NOT NULL,
	version INTEGER NOT NULL,
	route TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_routes PRIMARY KEY (account, region, name)
);
CREATE TABLE s3_blobs (
	id VARCHAR(64) COLLATE "C" NOT NULL,
	uses INTEGER NOT NULL,
	unused_at FLOAT(53),
	CONSTRAINT pk_s3_blobs PRIMARY KEY (id)
);
CREATE INDEX ix_s3_blobs_unused ON s3_blobs (unused_at);
CREATE TABLE s3_uploads (
	id VARCHAR(128) COLLATE "C" NOT NULL,
	bucket VARCHAR(36) COLLATE "C" NOT NULL,
	key BYTEA NOT NULL,
	created_at FLOAT(53) NOT NULL,
	initiator TEXT COLLATE "C" NOT NULL,
	facts TEXT COLLATE "C" NOT NULL,
	tags TEXT COLLATE "C" DEFAULT '{}' NOT NULL,
	outcome TEXT COLLATE "C",
	completed_at FLOAT(53),
	CONSTRAINT pk_s3_uploads PRIMARY KEY (id)
);
CREATE INDEX ix_s3_uploads_completed ON s3_uploads (completed_at);
CREATE INDEX ix_s3_uploads_key ON s3_uploads (bucket, key, id);
CREATE TABLE s3_versions (
	bucket VARCHAR(36) COLLATE "C" NOT NULL,
	key BYTEA NOT NULL,
	version VARCHAR(32) COLLATE "C" NOT NULL,
	position BIGINT NOT NULL,
	latest INTEGER NOT NULL,
	marker INTEGER NOT NULL,
	size BIGINT NOT NULL,
	etag VARCHAR(64) COLLATE "C" NOT NULL,
	created_at FLOAT(53) NOT NULL,
	facts TEXT COLLATE "C" NOT NULL,
	tags TEXT COLLATE "C" DEFAULT '{}' NOT NULL,
	layout TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_s3_versions PRIMARY KEY (bucket, key, version)
);
CREATE UNIQUE INDEX ix_s3_versions_latest ON s3_versions (bucket, latest, key) WHERE latest = 1;
CREATE UNIQUE INDEX ix_s3_versions_position ON s3_versions (bucket, key, position);
CREATE TABLE scaling_activities (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	namespace VARCHAR(64) COLLATE "C" NOT NULL,
	resource VARCHAR(1600) COLLATE "C" NOT NULL,
	dimension VARCHAR(128) COLLATE "C" NOT NULL,
	started_at FLOAT(53) NOT NULL,
	scaled INTEGER NOT NULL,
	content TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_scaling_activities PRIMARY KEY (id)
);
CREATE INDEX ix_scaling_activities_all ON scaling_activities (account, region, namespace, started_at, id);
CREATE INDEX ix_scaling_activities_at ON scaling_activities (started_at);
CREATE INDEX ix_scaling_activities_resource ON scaling_activities (account, region, resource, started_at, id);
CREATE TABLE secrets (
	name VARCHAR(64) COLLATE "C" NOT NULL,
	value BYTEA NOT NULL,
	CONSTRAINT pk_secrets PRIMARY KEY (name)
);
CREATE TABLE serverless_demand (
	endpoint VARCHAR(36) COLLATE "C" NOT NULL,
	variant VARCHAR(63) COLLATE "C" NOT NULL,
	gateway VARCHAR(36) COLLATE "C" NOT NULL,
	used TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_serverless_demand PRIMARY KEY (endpoint, variant, gateway)
);
CREATE TABLE site_passes (
	hash VARCHAR(64) COLLATE "C" NOT NULL,
	owner VARCHAR(36) COLLATE "C" NOT NULL,
	kind VARCHAR(8) COLLATE "C" NOT NULL,
	expires_at FLOAT(53) NOT NULL,
	seconds INTEGER NOT NULL,
	CONSTRAINT pk_site_passes PRIMARY KEY (hash)
);
CREATE INDEX ix_site_passes_expiry ON site_passes (expires_at);
CREATE INDEX ix_site_passes_owner ON site_passes (owner);
CREATE TABLE sites (
	name VARCHAR(128) COLLATE "C" NOT NULL,
	owner VARCHAR(36) COLLATE "C" NOT NULL,
	CONSTRAINT pk_sites PRIMARY KEY (name)
);
CREATE INDEX ix_sites_owner ON sites (owner);
CREATE TABLE sns_deliveries (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	subscription VARCHAR(36) COLLATE "C" NOT NULL,
	due_at FLOAT(53) NOT NULL,
	attempts INTEGER NOT NULL,
	content TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_sns_deliveries PRIMARY KEY (id)
);
CREATE INDEX ix_sns_deliveries_due ON sns_deliveries (subscription, due_at);
CREATE TABLE sqs_messages (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	queue VARCHAR(36) COLLATE "C" NOT NULL,
	visible_at FLOAT(53) NOT NULL,
	sent_at FLOAT(53) NOT NULL,
	received_at FLOAT(53),
	receives INTEGER NOT NULL,
	receipt VARCHAR(36) COLLATE "C" NOT NULL,
	content TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_sqs_messages PRIMARY KEY (id)
);
CREATE INDEX ix_sqs_messages_sent ON sqs_messages (queue, sent_at);
CREATE INDEX ix_sqs_messages_visible ON sqs_messages (queue, visible_at, id);
CREATE TABLE studio_links (
	id VARCHAR(64) COLLATE "C" NOT NULL,
	expires_at FLOAT(53) NOT NULL,
	content TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_studio_links PRIMARY KEY (id)
);
CREATE INDEX ix_studio_links_expires_at ON studio_links (expires_at);
CREATE TABLE studio_sessions (
	id VARCHAR(64) COLLATE "C" NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	access_key VARCHAR(32) COLLATE "C" NOT NULL,
	role_key VARCHAR(32) COLLATE "C" DEFAULT '' NOT NULL,
	role_arn TEXT COLLATE "C" DEFAULT '' NOT NULL,
	seen_at FLOAT(53) NOT NULL,
	expires_at FLOAT(53) NOT NULL,
	CONSTRAINT pk_studio_sessions PRIMARY KEY (id)
);
CREATE INDEX ix_studio_sessions_expires_at ON studio_sessions (expires_at);
CREATE TABLE studio_tries (
	id VARCHAR(64) COLLATE "C" NOT NULL,
	tries INTEGER NOT NULL,
	since FLOAT(53) NOT NULL,
	CONSTRAINT pk_studio_tries PRIMARY KEY (id)
);
CREATE INDEX ix_studio_tries_since ON studio_tries (since);
CREATE TABLE trial_components (
	trial VARCHAR(36) COLLATE "C" NOT NULL,
	component VARCHAR(36) COLLATE "C" NOT NULL,
	CONSTRAINT pk_trial_components PRIMARY KEY (trial, component)
);
CREATE INDEX ix_trial_components_component ON trial_components (component);
CREATE TABLE trial_metrics (
	id VARCHAR(36) COLLATE "C" NOT NULL,
	component VARCHAR(36) COLLATE "C" NOT NULL,
	name VARCHAR(255) COLLATE "C" NOT NULL,
	at FLOAT(53) NOT NULL,
	step INTEGER,
	value FLOAT(53) NOT NULL,
	CONSTRAINT pk_trial_metrics PRIMARY KEY (id)
);
CREATE INDEX ix_trial_metrics_series ON trial_metrics (component, name, at);
CREATE TABLE usage (
	owner VARCHAR(36) COLLATE "C" NOT NULL,
	run VARCHAR(128) COLLATE "C" NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	arn VARCHAR(2048) COLLATE "C" NOT NULL,
	creator VARCHAR(2048) COLLATE "C" NOT NULL,
	tags TEXT COLLATE "C" NOT NULL,
	component VARCHAR(32) COLLATE "C" NOT NULL,
	part VARCHAR(128) COLLATE "C" NOT NULL,
	item VARCHAR(64) COLLATE "C" NOT NULL,
	amount BIGINT NOT NULL,
	volume_gb INTEGER NOT NULL,
	paid INTEGER NOT NULL,
	started_at BIGINT NOT NULL,
	ended_at BIGINT,
	CONSTRAINT pk_usage PRIMARY KEY (owner, run)
);
CREATE INDEX ix_usage_ended ON usage (account, ended_at);
CREATE TABLE warm_pools (
	job VARCHAR(36) COLLATE "C" NOT NULL,
	account VARCHAR(12) COLLATE "C" NOT NULL,
	region VARCHAR(32) COLLATE "C" NOT NULL,
	matching VARCHAR(64) COLLATE "C" NOT NULL,
	CONSTRAINT pk_warm_pools PRIMARY KEY (job)
);
CREATE INDEX ix_warm_pools_matching ON warm_pools (account, region, matching);
CREATE TABLE s3_parts (
	upload VARCHAR(128) COLLATE "C" NOT NULL,
	number INTEGER NOT NULL,
	size BIGINT NOT NULL,
	etag VARCHAR(64) COLLATE "C" NOT NULL,
	created_at FLOAT(53) NOT NULL,
	checksums TEXT COLLATE "C" DEFAULT '{}' NOT NULL,
	layout TEXT COLLATE "C" NOT NULL,
	CONSTRAINT pk_s3_parts PRIMARY KEY (upload, number),
	FOREIGN KEY(upload) REFERENCES s3_uploads (id) ON DELETE CASCADE
);
