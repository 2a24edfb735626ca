-- The tables of layout 8, as the engine of that time made them; never changed.
CREATE SCHEMA impact;
CREATE TABLE impact.meta (version INTEGER NOT NULL, database VARCHAR NOT NULL);
CREATE TABLE impact.state (
  programme VARCHAR PRIMARY KEY, stage VARCHAR NOT NULL, run_id VARCHAR, whole_run_id VARCHAR);
CREATE TABLE impact.run (
  run_id VARCHAR PRIMARY KEY, programme VARCHAR NOT NULL, started_at TIMESTAMP NOT NULL,
  finished_at TIMESTAMP NOT NULL, engine VARCHAR NOT NULL, plan_hash VARCHAR NOT NULL,
  sources_loaded INTEGER NOT NULL, indicators_computed INTEGER NOT NULL, stage VARCHAR NOT NULL);
CREATE TABLE impact.load (
  load_id VARCHAR NOT NULL, programme VARCHAR NOT NULL, source VARCHAR NOT NULL, contract VARCHAR NOT NULL,
  file VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, size BIGINT NOT NULL, table_name VARCHAR NOT NULL,
  rows_read BIGINT NOT NULL, rows_good BIGINT NOT NULL, rows_bad BIGINT NOT NULL, rows_warned BIGINT NOT NULL,
  kind VARCHAR NOT NULL, provenance JSON NOT NULL, line_offsets BIGINT[] NOT NULL, multiline BOOLEAN NOT NULL,
  loaded_at TIMESTAMP NOT NULL, run_id VARCHAR NOT NULL, replaced VARCHAR, changed JSON,
  current BOOLEAN NOT NULL);
CREATE TABLE impact.quarantine (
  programme VARCHAR NOT NULL, source VARCHAR NOT NULL, load_id VARCHAR NOT NULL, file VARCHAR NOT NULL,
  line BIGINT NOT NULL, severity VARCHAR NOT NULL, "column" VARCHAR NOT NULL, rule VARCHAR NOT NULL,
  expected JSON NOT NULL, value VARCHAR, payload JSON, ordinal BIGINT);
CREATE TABLE impact.plan (
  programme VARCHAR NOT NULL, plan_hash VARCHAR NOT NULL, seen_at TIMESTAMP NOT NULL, plan JSON NOT NULL,
  changes JSON NOT NULL);
CREATE TABLE impact.definition (
  programme VARCHAR NOT NULL, indicator VARCHAR NOT NULL, definition_hash VARCHAR NOT NULL,
  file VARCHAR NOT NULL, line INTEGER, definition JSON NOT NULL, query VARCHAR NOT NULL,
  selection VARCHAR NOT NULL,
  fingerprint VARCHAR NOT NULL, run_id VARCHAR NOT NULL);
CREATE TABLE impact.measure (
  programme VARCHAR NOT NULL, indicator VARCHAR NOT NULL, arm VARCHAR NOT NULL, scope VARCHAR NOT NULL,
  scope_value VARCHAR NOT NULL, "group" VARCHAR NOT NULL, group_value VARCHAR NOT NULL, wave VARCHAR NOT NULL,
  value DOUBLE,
  std_error DOUBLE, conf_low DOUBLE, conf_high DOUBLE, n BIGINT NOT NULL, n_missing BIGINT NOT NULL,
  units_reported BIGINT, units_expected BIGINT,
  n_clusters BIGINT, method JSON NOT NULL, flags VARCHAR[] NOT NULL);
CREATE TABLE impact.linkage (
  programme VARCHAR NOT NULL, indicator VARCHAR NOT NULL, since VARCHAR NOT NULL, wave VARCHAR NOT NULL,
  linked BIGINT NOT NULL, lost BIGINT NOT NULL, new BIGINT NOT NULL);
CREATE TABLE impact.finding (
  finding VARCHAR NOT NULL, programme VARCHAR NOT NULL, indicator VARCHAR NOT NULL, title_en VARCHAR NOT NULL,
  title_it VARCHAR NOT NULL, node VARCHAR NOT NULL, stage VARCHAR NOT NULL, level VARCHAR NOT NULL,
  scope VARCHAR NOT NULL, scope_value VARCHAR NOT NULL, "group" VARCHAR NOT NULL, group_value VARCHAR NOT NULL,
  period VARCHAR NOT NULL, unit VARCHAR NOT NULL, unit_it VARCHAR NOT NULL, direction VARCHAR NOT NULL,
  baseline DOUBLE, target DOUBLE, due VARCHAR, forecast DOUBLE, forecast_low DOUBLE,
  forecast_high DOUBLE, forecast_of VARCHAR, forecast_hit BOOLEAN, forecast_crps DOUBLE,
  registered_at VARCHAR, plan_hash VARCHAR NOT NULL,
  registration VARCHAR NOT NULL,
  value DOUBLE, conf_low DOUBLE, conf_high DOUBLE, n BIGINT NOT NULL,
  units_reported BIGINT, units_expected BIGINT, baseline_reported BIGINT, baseline_expected BIGINT,
  method JSON NOT NULL, comparison DOUBLE, comparison_baseline DOUBLE, estimand JSON,
  design JSON, estimate DOUBLE,
  std_error DOUBLE, statistic DOUBLE, p_value DOUBLE, effect_low DOUBLE, effect_high DOUBLE,
  family VARCHAR, p_adjusted DOUBLE, adjustment JSON,
  n_obs BIGINT, n_clusters BIGINT, inference JSON, not_estimable JSON,
  progress DOUBLE, progress_state VARCHAR NOT NULL, attainment VARCHAR NOT NULL,
  contribution VARCHAR NOT NULL, evidence_level INTEGER, evidence_reason JSON NOT NULL,
  data_kind VARCHAR NOT NULL, flags VARCHAR[] NOT NULL,
  run_id VARCHAR NOT NULL, definition_hash VARCHAR NOT NULL);
CREATE TABLE impact.diagnostic (
  finding VARCHAR NOT NULL, programme VARCHAR NOT NULL, indicator VARCHAR NOT NULL, "check" JSON NOT NULL,
  null_hypothesis JSON NOT NULL, value DOUBLE, p_value DOUBLE, status VARCHAR NOT NULL,
  detail JSON NOT NULL);
CREATE TABLE impact.term (
  finding VARCHAR NOT NULL, programme VARCHAR NOT NULL, indicator VARCHAR NOT NULL, family JSON NOT NULL,
  place INTEGER NOT NULL, term JSON NOT NULL, estimate DOUBLE NOT NULL, std_error DOUBLE, p_value DOUBLE,
  conf_low DOUBLE, conf_high DOUBLE, n_obs BIGINT, detail JSON NOT NULL,
  suppressed VARCHAR NOT NULL DEFAULT '');
CREATE TABLE impact.suppression (
  programme VARCHAR NOT NULL, indicator VARCHAR NOT NULL, arm VARCHAR NOT NULL, scope VARCHAR NOT NULL,
  scope_value VARCHAR NOT NULL, "group" VARCHAR NOT NULL, group_value VARCHAR NOT NULL, wave VARCHAR NOT NULL,
  reason VARCHAR NOT NULL, minimum BIGINT NOT NULL, finding VARCHAR, hides_baseline BOOLEAN NOT NULL,
  hides_target BOOLEAN NOT NULL);
CREATE TABLE impact.withheld (
  programme VARCHAR NOT NULL, contract VARCHAR NOT NULL, wave VARCHAR NOT NULL, what VARCHAR NOT NULL);
CREATE TABLE impact.network_body (
  programme VARCHAR NOT NULL, network VARCHAR NOT NULL, wave VARCHAR NOT NULL, body VARCHAR NOT NULL,
  label VARCHAR NOT NULL, answered BOOLEAN NOT NULL, kind VARCHAR, sector VARCHAR, territory VARCHAR,
  x DOUBLE, y DOUBLE, data_kind VARCHAR NOT NULL);
CREATE TABLE impact.network_tie (
  programme VARCHAR NOT NULL, network VARCHAR NOT NULL, wave VARCHAR NOT NULL, source VARCHAR NOT NULL,
  target VARCHAR NOT NULL, tie VARCHAR NOT NULL, data_kind VARCHAR NOT NULL);
CREATE TABLE impact.part (
  programme VARCHAR NOT NULL, indicator VARCHAR NOT NULL, "column" VARCHAR NOT NULL, code VARCHAR NOT NULL,
  place INTEGER NOT NULL, depth INTEGER NOT NULL, level VARCHAR, parent VARCHAR, title_en VARCHAR NOT NULL,
  title_it VARCHAR NOT NULL, same_as JSON NOT NULL, holds VARCHAR[] NOT NULL);
CREATE TABLE impact.label (
  programme VARCHAR NOT NULL, "column" VARCHAR NOT NULL, code VARCHAR NOT NULL, place INTEGER NOT NULL,
  title_en VARCHAR NOT NULL, title_it VARCHAR NOT NULL, level VARCHAR, parent VARCHAR);
CREATE TABLE impact.membership (
  programme VARCHAR NOT NULL, "column" VARCHAR NOT NULL, code VARCHAR NOT NULL, "by" VARCHAR NOT NULL,
  "of" VARCHAR NOT NULL);
CREATE TABLE impact.cut (
  programme VARCHAR NOT NULL, "column" VARCHAR NOT NULL, title_en VARCHAR NOT NULL, title_it VARCHAR NOT NULL,
  is_territory BOOLEAN NOT NULL);
CREATE TABLE impact.heading (
  programme VARCHAR NOT NULL, contract VARCHAR NOT NULL, "column" VARCHAR NOT NULL, title_en VARCHAR NOT NULL,
  title_it VARCHAR NOT NULL);
CREATE TABLE impact.map_cell (
  programme VARCHAR NOT NULL, contract VARCHAR NOT NULL, supply VARCHAR NOT NULL, match VARCHAR NOT NULL,
  wave VARCHAR NOT NULL, territory VARCHAR, theme VARCHAR, target_group VARCHAR, title_en VARCHAR NOT NULL,
  title_it VARCHAR NOT NULL, needs BIGINT NOT NULL, voices DOUBLE, severity DOUBLE, services BIGINT NOT NULL,
  partial_services BIGINT NOT NULL, bodies BIGINT NOT NULL, capacity DOUBLE, users DOUBLE,
  state VARCHAR NOT NULL, documents JSON NOT NULL);
CREATE TABLE impact.unmapped (
  programme VARCHAR NOT NULL, source VARCHAR NOT NULL, contract VARCHAR NOT NULL, "column" VARCHAR NOT NULL,
  category VARCHAR NOT NULL, rows BIGINT NOT NULL);
CREATE TABLE impact.claim (
  programme VARCHAR NOT NULL, claim VARCHAR NOT NULL, title_it VARCHAR NOT NULL, title_en VARCHAR NOT NULL,
  level VARCHAR NOT NULL, unit VARCHAR NOT NULL, unit_it VARCHAR NOT NULL, stated DOUBLE NOT NULL,
  qualifier VARCHAR NOT NULL,
  recomputed DOUBLE, difference DOUBLE, relative_difference DOUBLE, state VARCHAR NOT NULL,
  reason_it VARCHAR NOT NULL, reason_en VARCHAR NOT NULL, formula VARCHAR NOT NULL, readings JSON NOT NULL,
  origin JSON NOT NULL, rows_used JSON NOT NULL, data_kind VARCHAR NOT NULL, run_id VARCHAR NOT NULL);
CREATE TABLE impact.journey (
  programme VARCHAR NOT NULL, project VARCHAR NOT NULL, name VARCHAR NOT NULL, territory VARCHAR,
  challenge VARCHAR, arrived VARCHAR, next VARCHAR, document VARCHAR NOT NULL, place VARCHAR,
  quote VARCHAR NOT NULL);
CREATE TABLE impact.programme (
  programme VARCHAR NOT NULL, title_en VARCHAR NOT NULL, title_it VARCHAR NOT NULL, summary_en VARCHAR NOT NULL,
  summary_it VARCHAR NOT NULL, period_start VARCHAR NOT NULL, period_end VARCHAR NOT NULL,
  territory VARCHAR NOT NULL, data_kind VARCHAR NOT NULL, minimum INTEGER NOT NULL);
CREATE TABLE impact.theory_node (
  programme VARCHAR NOT NULL, place INTEGER NOT NULL, node VARCHAR NOT NULL, stage VARCHAR NOT NULL,
  level VARCHAR NOT NULL, horizon VARCHAR NOT NULL, title_en VARCHAR NOT NULL, title_it VARCHAR NOT NULL,
  description_en VARCHAR, description_it VARCHAR);
CREATE TABLE impact.theory_link (
  programme VARCHAR NOT NULL, place INTEGER NOT NULL, source VARCHAR NOT NULL, target VARCHAR NOT NULL,
  assumption_en VARCHAR NOT NULL, assumption_it VARCHAR NOT NULL, evidence_en VARCHAR, evidence_it VARCHAR);
CREATE TABLE impact.wave (
  programme VARCHAR NOT NULL, place INTEGER NOT NULL, wave VARCHAR NOT NULL, title_en VARCHAR NOT NULL,
  title_it VARCHAR NOT NULL, date VARCHAR NOT NULL, last_day DATE NOT NULL, role VARCHAR NOT NULL);
CREATE TABLE impact.stakeholder (
  programme VARCHAR NOT NULL, place INTEGER NOT NULL, stakeholder VARCHAR NOT NULL, name VARCHAR NOT NULL,
  role VARCHAR NOT NULL, kind VARCHAR NOT NULL);
CREATE TABLE impact.quality (
  programme VARCHAR NOT NULL, contract VARCHAR NOT NULL, place INTEGER NOT NULL, "column" VARCHAR NOT NULL,
  wave VARCHAR NOT NULL, required BOOLEAN NOT NULL, rows BIGINT NOT NULL, answered BIGINT NOT NULL,
  missing BIGINT NOT NULL, skipped BIGINT NOT NULL, not_applicable BIGINT NOT NULL, refused BIGINT NOT NULL,
  suppressed BIGINT NOT NULL);
CREATE TABLE impact.response (
  programme VARCHAR NOT NULL, contract VARCHAR NOT NULL, place INTEGER NOT NULL, wave VARCHAR NOT NULL,
  since VARCHAR, persons BIGINT NOT NULL, linked BIGINT, lost BIGINT, new BIGINT);
CREATE TABLE impact.phase (
  programme VARCHAR NOT NULL, phase VARCHAR NOT NULL, number BIGINT, title VARCHAR, planned_start DATE,
  planned_end DATE, planned_precision VARCHAR, actual_start DATE, actual_end DATE, actual_precision VARCHAR,
  status VARCHAR, gate VARCHAR, gate_met VARCHAR, document VARCHAR, place VARCHAR, quote VARCHAR,
  status_quote VARCHAR);
CREATE TABLE impact.delivery (
  programme VARCHAR NOT NULL, activity VARCHAR NOT NULL, kind VARCHAR, kind_en VARCHAR, kind_it VARCHAR,
  phase VARCHAR, project VARCHAR, planned_count DOUBLE, delivered_count DOUBLE, planned_hours DOUBLE,
  delivered_hours DOUBLE, qualifier VARCHAR, date VARCHAR, document VARCHAR, place VARCHAR, quote VARCHAR,
  planned_quote VARCHAR);
CREATE TABLE impact.sentence (
  programme VARCHAR NOT NULL, said JSON NOT NULL, language VARCHAR NOT NULL, text VARCHAR NOT NULL);
