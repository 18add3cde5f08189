--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: batch; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA batch;


--
-- Name: stream; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA stream;


SET default_tablespace = '';

--
-- Name: _tamis_quarantine; Type: TABLE; Schema: batch; Owner: -
--

CREATE TABLE batch._tamis_quarantine (
    run text NOT NULL,
    source text,
    "position" bigint,
    reason text,
    field text,
    rule text,
    _input integer NOT NULL,
    _position bigint NOT NULL
)
PARTITION BY LIST (run);


--
-- Name: TABLE _tamis_quarantine; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON TABLE batch._tamis_quarantine IS 'Tamis: records that could not be judged safely; where and why, no value; a stream''s original only sealed';


--
-- Name: COLUMN _tamis_quarantine.run; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch._tamis_quarantine.run IS 'the run that could not judge the record';


--
-- Name: COLUMN _tamis_quarantine.source; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch._tamis_quarantine.source IS 'where the record stands, without credentials';


--
-- Name: COLUMN _tamis_quarantine."position"; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch._tamis_quarantine."position" IS 'its position there';


--
-- Name: COLUMN _tamis_quarantine.reason; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch._tamis_quarantine.reason IS 'why it could not be judged';


--
-- Name: COLUMN _tamis_quarantine.field; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch._tamis_quarantine.field IS 'the field''s name, never its value';


--
-- Name: COLUMN _tamis_quarantine.rule; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch._tamis_quarantine.rule IS 'the rule';


--
-- Name: COLUMN _tamis_quarantine._input; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch._tamis_quarantine._input IS 'key: number of the input among the run''s; technical, no field of the record';


--
-- Name: COLUMN _tamis_quarantine._position; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch._tamis_quarantine._position IS 'key: position in that input; technical, no field of the record';


SET default_table_access_method = heap;

--
-- Name: _tamis_quarantine__22c4cf36abc9; Type: TABLE; Schema: batch; Owner: -
--

CREATE TABLE batch._tamis_quarantine__22c4cf36abc9 (
    run text DEFAULT 'of-dsn'::text NOT NULL,
    source text,
    "position" bigint,
    reason text,
    field text,
    rule text,
    _input integer NOT NULL,
    _position bigint NOT NULL,
    CONSTRAINT one_run CHECK ((run = 'of-dsn'::text))
);


--
-- Name: _tamis_quarantine__49b5613778e9; Type: TABLE; Schema: batch; Owner: -
--

CREATE TABLE batch._tamis_quarantine__49b5613778e9 (
    run text DEFAULT 'of-csv'::text NOT NULL,
    source text,
    "position" bigint,
    reason text,
    field text,
    rule text,
    _input integer NOT NULL,
    _position bigint NOT NULL
);


--
-- Name: _tamis_quarantine__79ce9e6cde22; Type: TABLE; Schema: batch; Owner: -
--

CREATE TABLE batch._tamis_quarantine__79ce9e6cde22 (
    run text DEFAULT 'of-parquet'::text NOT NULL,
    source text,
    "position" bigint,
    reason text,
    field text,
    rule text,
    _input integer NOT NULL,
    _position bigint NOT NULL
);


--
-- Name: _tamis_receipts; Type: TABLE; Schema: batch; Owner: -
--

CREATE TABLE batch._tamis_receipts (
    run text NOT NULL,
    policy text NOT NULL,
    committed timestamp with time zone DEFAULT now() NOT NULL,
    receipt json NOT NULL
);


--
-- Name: _tamis_staged; Type: TABLE; Schema: batch; Owner: -
--

CREATE TABLE batch._tamis_staged (
    part text NOT NULL,
    run text NOT NULL,
    staged timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: essai_csv__evaluation; Type: TABLE; Schema: batch; Owner: -
--

CREATE TABLE batch.essai_csv__evaluation (
    pseudonyme bytea,
    date_naissance date,
    region text,
    code_rncp text,
    entree_le date,
    montant numeric(12,2),
    heures bigint,
    commentaire text,
    legal_item text NOT NULL,
    legal_purpose text NOT NULL,
    legal_version text NOT NULL,
    legal_processing text NOT NULL,
    legal_attested text NOT NULL,
    legal_policy text NOT NULL,
    legal_run text NOT NULL,
    _input integer NOT NULL,
    _position bigint NOT NULL
)
PARTITION BY LIST (legal_run);


--
-- Name: TABLE essai_csv__evaluation; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON TABLE batch.essai_csv__evaluation IS 'Tamis: policy essai-csv, release evaluation: R6323-37.III.2 for R6323-33.5, processing systeme-evaluation-cpf (plan 6f0a72e7f7e7)';


--
-- Name: COLUMN essai_csv__evaluation.pseudonyme; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.pseudonyme IS 'R6323-37.III.2, R6323-33.5 — pseudonymized: compter des personnes et non des dossiers';


--
-- Name: COLUMN essai_csv__evaluation.date_naissance; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.date_naissance IS 'R6323-37.III.2, R6323-33.5 — generalized: comparer l''usage du compte selon l''âge et la région';


--
-- Name: COLUMN essai_csv__evaluation.region; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.region IS 'R6323-37.III.2, R6323-33.5 — kept: comparer l''usage du compte selon l''âge et la région';


--
-- Name: COLUMN essai_csv__evaluation.code_rncp; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.code_rncp IS 'R6323-37.III.2, R6323-33.5 — kept: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_csv__evaluation.entree_le; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.entree_le IS 'R6323-37.III.2, R6323-33.5 — generalized: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_csv__evaluation.montant; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.montant IS 'R6323-37.III.2, R6323-33.5 — generalized: mesurer la dépense à cinquante euros près';


--
-- Name: COLUMN essai_csv__evaluation.heures; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.heures IS 'R6323-37.III.2, R6323-33.5 — kept: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_csv__evaluation.commentaire; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.commentaire IS 'R6323-37.III.2, R6323-33.5 — redacted: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_csv__evaluation.legal_item; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.legal_item IS 'item of art. R. 6323-37 that permits the release';


--
-- Name: COLUMN essai_csv__evaluation.legal_purpose; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.legal_purpose IS 'finalité of art. R. 6323-33';


--
-- Name: COLUMN essai_csv__evaluation.legal_version; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.legal_version IS 'version of art. R. 6323-37 in force';


--
-- Name: COLUMN essai_csv__evaluation.legal_processing; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.legal_processing IS 'processing on the other side';


--
-- Name: COLUMN essai_csv__evaluation.legal_attested; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.legal_attested IS 'what the register''s entry stands on';


--
-- Name: COLUMN essai_csv__evaluation.legal_policy; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.legal_policy IS 'policy, and the digest of its plan';


--
-- Name: COLUMN essai_csv__evaluation.legal_run; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation.legal_run IS 'the run, which has its receipt in _tamis_receipts';


--
-- Name: COLUMN essai_csv__evaluation._input; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation._input IS 'key: number of the input among the run''s; technical, no field of the record';


--
-- Name: COLUMN essai_csv__evaluation._position; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_csv__evaluation._position IS 'key: position in that input; technical, no field of the record';


--
-- Name: essai_csv__evaluation__927c2889ab62; Type: TABLE; Schema: batch; Owner: -
--

CREATE TABLE batch.essai_csv__evaluation__927c2889ab62 (
    pseudonyme bytea,
    date_naissance date,
    region text,
    code_rncp text,
    entree_le date,
    montant numeric(12,2),
    heures bigint,
    commentaire text,
    legal_item text DEFAULT 'R6323-37.III.2'::text NOT NULL,
    legal_purpose text DEFAULT 'R6323-33.5'::text NOT NULL,
    legal_version text DEFAULT 'LEGIARTI000050924157'::text NOT NULL,
    legal_processing text DEFAULT 'systeme-evaluation-cpf'::text NOT NULL,
    legal_attested text DEFAULT 'example'::text NOT NULL,
    legal_policy text DEFAULT 'essai-csv@6f0a72e7f7e7'::text NOT NULL,
    legal_run text DEFAULT 'of-csv'::text NOT NULL,
    _input integer NOT NULL,
    _position bigint NOT NULL
);


--
-- Name: essai_dsn__evaluation; Type: TABLE; Schema: batch; Owner: -
--

CREATE TABLE batch.essai_dsn__evaluation (
    mois date,
    pseudonyme bytea,
    code_postal text,
    contrats jsonb,
    legal_item text NOT NULL,
    legal_purpose text NOT NULL,
    legal_version text NOT NULL,
    legal_processing text NOT NULL,
    legal_attested text NOT NULL,
    legal_policy text NOT NULL,
    legal_run text NOT NULL,
    _input integer NOT NULL,
    _position bigint NOT NULL
)
PARTITION BY LIST (legal_run);


--
-- Name: TABLE essai_dsn__evaluation; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON TABLE batch.essai_dsn__evaluation IS 'Tamis: policy essai-dsn, release evaluation: R6323-37.III.2 for R6323-33.5, processing systeme-evaluation-cpf (plan 1c3dc2f328f4)';


--
-- Name: COLUMN essai_dsn__evaluation.mois; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation.mois IS 'R6323-37.III.2, R6323-33.5 — kept: comparer l''usage du compte selon le lieu et l''emploi';


--
-- Name: COLUMN essai_dsn__evaluation.pseudonyme; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation.pseudonyme IS 'R6323-37.III.2, R6323-33.5 — pseudonymized: compter des personnes et non des contrats';


--
-- Name: COLUMN essai_dsn__evaluation.code_postal; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation.code_postal IS 'R6323-37.III.2, R6323-33.5 — generalized: comparer l''usage du compte selon le lieu et l''emploi';


--
-- Name: COLUMN essai_dsn__evaluation.contrats; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation.contrats IS 'R6323-37.III.2, R6323-33.5 — contrats.debut generalized: comparer l''usage du compte selon le lieu et l''emploi | contrats.emploi redacted: comparer l''usage du compte selon le lieu et l''emploi';


--
-- Name: COLUMN essai_dsn__evaluation.legal_item; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation.legal_item IS 'item of art. R. 6323-37 that permits the release';


--
-- Name: COLUMN essai_dsn__evaluation.legal_purpose; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation.legal_purpose IS 'finalité of art. R. 6323-33';


--
-- Name: COLUMN essai_dsn__evaluation.legal_version; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation.legal_version IS 'version of art. R. 6323-37 in force';


--
-- Name: COLUMN essai_dsn__evaluation.legal_processing; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation.legal_processing IS 'processing on the other side';


--
-- Name: COLUMN essai_dsn__evaluation.legal_attested; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation.legal_attested IS 'what the register''s entry stands on';


--
-- Name: COLUMN essai_dsn__evaluation.legal_policy; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation.legal_policy IS 'policy, and the digest of its plan';


--
-- Name: COLUMN essai_dsn__evaluation.legal_run; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation.legal_run IS 'the run, which has its receipt in _tamis_receipts';


--
-- Name: COLUMN essai_dsn__evaluation._input; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation._input IS 'key: number of the input among the run''s; technical, no field of the record';


--
-- Name: COLUMN essai_dsn__evaluation._position; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_dsn__evaluation._position IS 'key: position in that input; technical, no field of the record';


--
-- Name: essai_dsn__evaluation__a2a12e2b4878; Type: TABLE; Schema: batch; Owner: -
--

CREATE TABLE batch.essai_dsn__evaluation__a2a12e2b4878 (
    mois date,
    pseudonyme bytea,
    code_postal text,
    contrats jsonb,
    legal_item text DEFAULT 'R6323-37.III.2'::text NOT NULL,
    legal_purpose text DEFAULT 'R6323-33.5'::text NOT NULL,
    legal_version text DEFAULT 'LEGIARTI000050924157'::text NOT NULL,
    legal_processing text DEFAULT 'systeme-evaluation-cpf'::text NOT NULL,
    legal_attested text DEFAULT 'example'::text NOT NULL,
    legal_policy text DEFAULT 'essai-dsn@1c3dc2f328f4'::text NOT NULL,
    legal_run text DEFAULT 'of-dsn'::text NOT NULL,
    _input integer NOT NULL,
    _position bigint NOT NULL,
    CONSTRAINT one_run CHECK ((legal_run = 'of-dsn'::text))
);


--
-- Name: essai_parquet__evaluation; Type: TABLE; Schema: batch; Owner: -
--

CREATE TABLE batch.essai_parquet__evaluation (
    pseudonyme bytea,
    date_naissance date,
    region text,
    code_rncp text,
    entree_le date,
    montant numeric(12,2),
    heures bigint,
    commentaire text,
    sessions jsonb,
    legal_item text NOT NULL,
    legal_purpose text NOT NULL,
    legal_version text NOT NULL,
    legal_processing text NOT NULL,
    legal_attested text NOT NULL,
    legal_policy text NOT NULL,
    legal_run text NOT NULL,
    _input integer NOT NULL,
    _position bigint NOT NULL
)
PARTITION BY LIST (legal_run);


--
-- Name: TABLE essai_parquet__evaluation; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON TABLE batch.essai_parquet__evaluation IS 'Tamis: policy essai-parquet, release evaluation: R6323-37.III.2 for R6323-33.5, processing systeme-evaluation-cpf (plan 33aa7b685a9b)';


--
-- Name: COLUMN essai_parquet__evaluation.pseudonyme; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.pseudonyme IS 'R6323-37.III.2, R6323-33.5 — pseudonymized: compter des personnes et non des dossiers';


--
-- Name: COLUMN essai_parquet__evaluation.date_naissance; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.date_naissance IS 'R6323-37.III.2, R6323-33.5 — generalized: comparer l''usage du compte selon l''âge et la région';


--
-- Name: COLUMN essai_parquet__evaluation.region; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.region IS 'R6323-37.III.2, R6323-33.5 — kept: comparer l''usage du compte selon l''âge et la région';


--
-- Name: COLUMN essai_parquet__evaluation.code_rncp; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.code_rncp IS 'R6323-37.III.2, R6323-33.5 — kept: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_parquet__evaluation.entree_le; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.entree_le IS 'R6323-37.III.2, R6323-33.5 — generalized: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_parquet__evaluation.montant; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.montant IS 'R6323-37.III.2, R6323-33.5 — generalized: mesurer la dépense à cinquante euros près';


--
-- Name: COLUMN essai_parquet__evaluation.heures; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.heures IS 'R6323-37.III.2, R6323-33.5 — kept: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_parquet__evaluation.commentaire; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.commentaire IS 'R6323-37.III.2, R6323-33.5 — redacted: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_parquet__evaluation.sessions; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.sessions IS 'R6323-37.III.2, R6323-33.5 — sessions.debut kept: mesurer vers quelles certifications le compte est mobilisé | sessions.note redacted: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_parquet__evaluation.legal_item; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.legal_item IS 'item of art. R. 6323-37 that permits the release';


--
-- Name: COLUMN essai_parquet__evaluation.legal_purpose; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.legal_purpose IS 'finalité of art. R. 6323-33';


--
-- Name: COLUMN essai_parquet__evaluation.legal_version; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.legal_version IS 'version of art. R. 6323-37 in force';


--
-- Name: COLUMN essai_parquet__evaluation.legal_processing; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.legal_processing IS 'processing on the other side';


--
-- Name: COLUMN essai_parquet__evaluation.legal_attested; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.legal_attested IS 'what the register''s entry stands on';


--
-- Name: COLUMN essai_parquet__evaluation.legal_policy; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.legal_policy IS 'policy, and the digest of its plan';


--
-- Name: COLUMN essai_parquet__evaluation.legal_run; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation.legal_run IS 'the run, which has its receipt in _tamis_receipts';


--
-- Name: COLUMN essai_parquet__evaluation._input; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation._input IS 'key: number of the input among the run''s; technical, no field of the record';


--
-- Name: COLUMN essai_parquet__evaluation._position; Type: COMMENT; Schema: batch; Owner: -
--

COMMENT ON COLUMN batch.essai_parquet__evaluation._position IS 'key: position in that input; technical, no field of the record';


--
-- Name: essai_parquet__evaluation__e2a0e3618a66; Type: TABLE; Schema: batch; Owner: -
--

CREATE TABLE batch.essai_parquet__evaluation__e2a0e3618a66 (
    pseudonyme bytea,
    date_naissance date,
    region text,
    code_rncp text,
    entree_le date,
    montant numeric(12,2),
    heures bigint,
    commentaire text,
    sessions jsonb,
    legal_item text DEFAULT 'R6323-37.III.2'::text NOT NULL,
    legal_purpose text DEFAULT 'R6323-33.5'::text NOT NULL,
    legal_version text DEFAULT 'LEGIARTI000050924157'::text NOT NULL,
    legal_processing text DEFAULT 'systeme-evaluation-cpf'::text NOT NULL,
    legal_attested text DEFAULT 'example'::text NOT NULL,
    legal_policy text DEFAULT 'essai-parquet@33aa7b685a9b'::text NOT NULL,
    legal_run text DEFAULT 'of-parquet'::text NOT NULL,
    _input integer NOT NULL,
    _position bigint NOT NULL
);


--
-- Name: _tamis_positions; Type: TABLE; Schema: stream; Owner: -
--

CREATE TABLE stream._tamis_positions (
    stream text NOT NULL,
    source text NOT NULL,
    partition integer NOT NULL,
    next bigint NOT NULL
);


--
-- Name: _tamis_quarantine; Type: TABLE; Schema: stream; Owner: -
--

CREATE TABLE stream._tamis_quarantine (
    run text NOT NULL,
    source text,
    "position" bigint,
    reason text,
    field text,
    rule text,
    sealed bytea,
    _input integer NOT NULL,
    _position bigint NOT NULL
)
PARTITION BY LIST (run);


--
-- Name: TABLE _tamis_quarantine; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON TABLE stream._tamis_quarantine IS 'Tamis: records that could not be judged safely; where and why, no value; a stream''s original only sealed';


--
-- Name: COLUMN _tamis_quarantine.run; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream._tamis_quarantine.run IS 'the run that could not judge the record';


--
-- Name: COLUMN _tamis_quarantine.source; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream._tamis_quarantine.source IS 'where the record stands, without credentials';


--
-- Name: COLUMN _tamis_quarantine."position"; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream._tamis_quarantine."position" IS 'its position there';


--
-- Name: COLUMN _tamis_quarantine.reason; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream._tamis_quarantine.reason IS 'why it could not be judged';


--
-- Name: COLUMN _tamis_quarantine.field; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream._tamis_quarantine.field IS 'the field''s name, never its value';


--
-- Name: COLUMN _tamis_quarantine.rule; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream._tamis_quarantine.rule IS 'the rule';


--
-- Name: COLUMN _tamis_quarantine.sealed; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream._tamis_quarantine.sealed IS 'the original message, sealed; `tamis unseal` opens it';


--
-- Name: COLUMN _tamis_quarantine._input; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream._tamis_quarantine._input IS 'key: number of the input among the run''s; technical, no field of the record';


--
-- Name: COLUMN _tamis_quarantine._position; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream._tamis_quarantine._position IS 'key: position in that input; technical, no field of the record';


--
-- Name: _tamis_quarantine__325b7af0249e; Type: TABLE; Schema: stream; Owner: -
--

CREATE TABLE stream._tamis_quarantine__325b7af0249e (
    run text DEFAULT 'stream-tables'::text NOT NULL,
    source text,
    "position" bigint,
    reason text,
    field text,
    rule text,
    sealed bytea,
    _input integer NOT NULL,
    _position bigint NOT NULL
);


--
-- Name: _tamis_receipts; Type: TABLE; Schema: stream; Owner: -
--

CREATE TABLE stream._tamis_receipts (
    run text NOT NULL,
    policy text NOT NULL,
    committed timestamp with time zone DEFAULT now() NOT NULL,
    receipt json NOT NULL
);


--
-- Name: _tamis_staged; Type: TABLE; Schema: stream; Owner: -
--

CREATE TABLE stream._tamis_staged (
    part text NOT NULL,
    run text NOT NULL,
    staged timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: essai_jsonl__evaluation; Type: TABLE; Schema: stream; Owner: -
--

CREATE TABLE stream.essai_jsonl__evaluation (
    pseudonyme bytea,
    date_naissance date,
    region text,
    code_rncp text,
    entree_le date,
    montant numeric(12,2),
    heures bigint,
    commentaire text,
    sessions jsonb,
    legal_item text NOT NULL,
    legal_purpose text NOT NULL,
    legal_version text NOT NULL,
    legal_processing text NOT NULL,
    legal_attested text NOT NULL,
    legal_policy text NOT NULL,
    legal_run text NOT NULL,
    _input integer NOT NULL,
    _position bigint NOT NULL
)
PARTITION BY LIST (legal_run);


--
-- Name: TABLE essai_jsonl__evaluation; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON TABLE stream.essai_jsonl__evaluation IS 'Tamis: policy essai-jsonl, release evaluation: R6323-37.III.2 for R6323-33.5, processing systeme-evaluation-cpf (plan bea810cf7621)';


--
-- Name: COLUMN essai_jsonl__evaluation.pseudonyme; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.pseudonyme IS 'R6323-37.III.2, R6323-33.5 — pseudonymized: compter des personnes et non des dossiers';


--
-- Name: COLUMN essai_jsonl__evaluation.date_naissance; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.date_naissance IS 'R6323-37.III.2, R6323-33.5 — generalized: comparer l''usage du compte selon l''âge et la région';


--
-- Name: COLUMN essai_jsonl__evaluation.region; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.region IS 'R6323-37.III.2, R6323-33.5 — kept: comparer l''usage du compte selon l''âge et la région';


--
-- Name: COLUMN essai_jsonl__evaluation.code_rncp; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.code_rncp IS 'R6323-37.III.2, R6323-33.5 — kept: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_jsonl__evaluation.entree_le; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.entree_le IS 'R6323-37.III.2, R6323-33.5 — generalized: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_jsonl__evaluation.montant; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.montant IS 'R6323-37.III.2, R6323-33.5 — generalized: mesurer la dépense à cinquante euros près';


--
-- Name: COLUMN essai_jsonl__evaluation.heures; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.heures IS 'R6323-37.III.2, R6323-33.5 — kept: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_jsonl__evaluation.commentaire; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.commentaire IS 'R6323-37.III.2, R6323-33.5 — redacted: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_jsonl__evaluation.sessions; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.sessions IS 'R6323-37.III.2, R6323-33.5 — sessions.debut kept: mesurer vers quelles certifications le compte est mobilisé | sessions.note redacted: mesurer vers quelles certifications le compte est mobilisé';


--
-- Name: COLUMN essai_jsonl__evaluation.legal_item; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.legal_item IS 'item of art. R. 6323-37 that permits the release';


--
-- Name: COLUMN essai_jsonl__evaluation.legal_purpose; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.legal_purpose IS 'finalité of art. R. 6323-33';


--
-- Name: COLUMN essai_jsonl__evaluation.legal_version; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.legal_version IS 'version of art. R. 6323-37 in force';


--
-- Name: COLUMN essai_jsonl__evaluation.legal_processing; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.legal_processing IS 'processing on the other side';


--
-- Name: COLUMN essai_jsonl__evaluation.legal_attested; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.legal_attested IS 'what the register''s entry stands on';


--
-- Name: COLUMN essai_jsonl__evaluation.legal_policy; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.legal_policy IS 'policy, and the digest of its plan';


--
-- Name: COLUMN essai_jsonl__evaluation.legal_run; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation.legal_run IS 'the run, which has its receipt in _tamis_receipts';


--
-- Name: COLUMN essai_jsonl__evaluation._input; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation._input IS 'key: number of the input among the run''s; technical, no field of the record';


--
-- Name: COLUMN essai_jsonl__evaluation._position; Type: COMMENT; Schema: stream; Owner: -
--

COMMENT ON COLUMN stream.essai_jsonl__evaluation._position IS 'key: position in that input; technical, no field of the record';


--
-- Name: essai_jsonl__evaluation__8c4739b0fa82; Type: TABLE; Schema: stream; Owner: -
--

CREATE TABLE stream.essai_jsonl__evaluation__8c4739b0fa82 (
    pseudonyme bytea,
    date_naissance date,
    region text,
    code_rncp text,
    entree_le date,
    montant numeric(12,2),
    heures bigint,
    commentaire text,
    sessions jsonb,
    legal_item text DEFAULT 'R6323-37.III.2'::text NOT NULL,
    legal_purpose text DEFAULT 'R6323-33.5'::text NOT NULL,
    legal_version text DEFAULT 'LEGIARTI000050924157'::text NOT NULL,
    legal_processing text DEFAULT 'systeme-evaluation-cpf'::text NOT NULL,
    legal_attested text DEFAULT 'example'::text NOT NULL,
    legal_policy text DEFAULT 'essai-jsonl@bea810cf7621'::text NOT NULL,
    legal_run text DEFAULT 'stream-tables'::text NOT NULL,
    _input integer NOT NULL,
    _position bigint NOT NULL
);


--
-- Name: _tamis_quarantine__49b5613778e9; Type: TABLE ATTACH; Schema: batch; Owner: -
--

ALTER TABLE ONLY batch._tamis_quarantine ATTACH PARTITION batch._tamis_quarantine__49b5613778e9 FOR VALUES IN ('of-csv');


--
-- Name: _tamis_quarantine__79ce9e6cde22; Type: TABLE ATTACH; Schema: batch; Owner: -
--

ALTER TABLE ONLY batch._tamis_quarantine ATTACH PARTITION batch._tamis_quarantine__79ce9e6cde22 FOR VALUES IN ('of-parquet');


--
-- Name: essai_csv__evaluation__927c2889ab62; Type: TABLE ATTACH; Schema: batch; Owner: -
--

ALTER TABLE ONLY batch.essai_csv__evaluation ATTACH PARTITION batch.essai_csv__evaluation__927c2889ab62 FOR VALUES IN ('of-csv');


--
-- Name: essai_parquet__evaluation__e2a0e3618a66; Type: TABLE ATTACH; Schema: batch; Owner: -
--

ALTER TABLE ONLY batch.essai_parquet__evaluation ATTACH PARTITION batch.essai_parquet__evaluation__e2a0e3618a66 FOR VALUES IN ('of-parquet');


--
-- Name: _tamis_quarantine__325b7af0249e; Type: TABLE ATTACH; Schema: stream; Owner: -
--

ALTER TABLE ONLY stream._tamis_quarantine ATTACH PARTITION stream._tamis_quarantine__325b7af0249e FOR VALUES IN ('stream-tables');


--
-- Name: essai_jsonl__evaluation__8c4739b0fa82; Type: TABLE ATTACH; Schema: stream; Owner: -
--

ALTER TABLE ONLY stream.essai_jsonl__evaluation ATTACH PARTITION stream.essai_jsonl__evaluation__8c4739b0fa82 FOR VALUES IN ('stream-tables');


--
-- Data for Name: _tamis_quarantine__22c4cf36abc9; Type: TABLE DATA; Schema: batch; Owner: -
--

INSERT INTO batch._tamis_quarantine__22c4cf36abc9 VALUES ('of-dsn', 'feeds/essai.dsn', 52, 'nir-malformed', 'nir', 'identifier: nir, nia', 0, 52);
INSERT INTO batch._tamis_quarantine__22c4cf36abc9 VALUES ('of-dsn', 'feeds/essai.dsn', 67, 'nir-malformed', 'nir', 'identifier: nir, nia', 0, 67);
INSERT INTO batch._tamis_quarantine__22c4cf36abc9 VALUES ('of-dsn', 'feeds/essai.dsn', 156, 'nir-malformed', 'nir', 'identifier: nir, nia', 0, 156);
INSERT INTO batch._tamis_quarantine__22c4cf36abc9 VALUES ('of-dsn', 'feeds/essai.dsn', 168, 'nir-malformed', 'nir', 'identifier: nir, nia', 0, 168);
INSERT INTO batch._tamis_quarantine__22c4cf36abc9 VALUES ('of-dsn', 'feeds/essai.dsn', 253, 'nir-malformed', 'nir', 'identifier: nir, nia', 0, 253);
INSERT INTO batch._tamis_quarantine__22c4cf36abc9 VALUES ('of-dsn', 'feeds/essai.dsn', 273, 'nir-malformed', 'nir', 'identifier: nir, nia', 0, 273);


--
-- Data for Name: _tamis_quarantine__49b5613778e9; Type: TABLE DATA; Schema: batch; Owner: -
--

INSERT INTO batch._tamis_quarantine__49b5613778e9 VALUES ('of-csv', 'feeds/essai.csv', 6, 'nir-malformed', 'nir', 'identifier: nir, nia', 0, 6);
INSERT INTO batch._tamis_quarantine__49b5613778e9 VALUES ('of-csv', 'feeds/essai.csv', 8, 'nir-key', 'nir', 'identifier: nir, nia', 0, 8);
INSERT INTO batch._tamis_quarantine__49b5613778e9 VALUES ('of-csv', 'feeds/essai.csv', 19, 'nir-malformed', 'nir', 'identifier: nir, nia', 0, 19);
INSERT INTO batch._tamis_quarantine__49b5613778e9 VALUES ('of-csv', 'feeds/essai.csv', 21, 'nir-key', 'nir', 'identifier: nir, nia', 0, 21);
INSERT INTO batch._tamis_quarantine__49b5613778e9 VALUES ('of-csv', 'feeds/essai.csv', 24, 'nir-leak', 'code_rncp', 'gate', 0, 24);
INSERT INTO batch._tamis_quarantine__49b5613778e9 VALUES ('of-csv', 'feeds/essai.csv', 30, 'null', 'date_naissance', 'nullable: false', 0, 30);
INSERT INTO batch._tamis_quarantine__49b5613778e9 VALUES ('of-csv', 'feeds/essai.csv', 34, 'nir-key', 'nir', 'identifier: nir, nia', 0, 34);
INSERT INTO batch._tamis_quarantine__49b5613778e9 VALUES ('of-csv', 'feeds/essai.csv', 41, 'unreadable', '', 'fields expected: 15, found: 99', 0, 41);


--
-- Data for Name: _tamis_quarantine__79ce9e6cde22; Type: TABLE DATA; Schema: batch; Owner: -
--

INSERT INTO batch._tamis_quarantine__79ce9e6cde22 VALUES ('of-parquet', 'feeds/essai.parquet', 6, 'nir-malformed', 'nir', 'identifier: nir, nia', 0, 6);
INSERT INTO batch._tamis_quarantine__79ce9e6cde22 VALUES ('of-parquet', 'feeds/essai.parquet', 8, 'nir-key', 'nir', 'identifier: nir, nia', 0, 8);
INSERT INTO batch._tamis_quarantine__79ce9e6cde22 VALUES ('of-parquet', 'feeds/essai.parquet', 19, 'nir-malformed', 'nir', 'identifier: nir, nia', 0, 19);
INSERT INTO batch._tamis_quarantine__79ce9e6cde22 VALUES ('of-parquet', 'feeds/essai.parquet', 21, 'nir-key', 'nir', 'identifier: nir, nia', 0, 21);
INSERT INTO batch._tamis_quarantine__79ce9e6cde22 VALUES ('of-parquet', 'feeds/essai.parquet', 24, 'nir-leak', 'code_rncp', 'gate', 0, 24);
INSERT INTO batch._tamis_quarantine__79ce9e6cde22 VALUES ('of-parquet', 'feeds/essai.parquet', 30, 'null', 'date_naissance', 'nullable: false', 0, 30);
INSERT INTO batch._tamis_quarantine__79ce9e6cde22 VALUES ('of-parquet', 'feeds/essai.parquet', 34, 'nir-key', 'nir', 'identifier: nir, nia', 0, 34);


--
-- Data for Name: _tamis_receipts; Type: TABLE DATA; Schema: batch; Owner: -
--

INSERT INTO batch._tamis_receipts VALUES ('of-parquet', 'essai-parquet', '2026-11-28 23:53:40.991741+00', '{
 "run": "of-parquet",
 "policy": "essai-parquet",
 "policy_sha256": "8e4e9c8d0df7c68dad1c05bebd3a5229132958c52fca21b3ab26d300f35bc86a",
 "plan_sha256": "33aa7b685a9bfdb021882a675bab90a8c0f349072b8b195ce8bdc701588622e4",
 "day": "2026-11-23",
 "replay": true,
 "started": "2026-11-28T23:53:39.942136Z",
 "ended": "2026-11-28T23:53:40.996777Z",
 "tool": "tamis 0.1.0",
 "law": {
  "R6323-37": "LEGIARTI000050924157",
  "R6323-33": "LEGIARTI000050924202",
  "R6323-34": "LEGIARTI000050924189",
  "R6323-34-1": "LEGIARTI000050919830"
 },
 "processing": {
  "slug": "systeme-evaluation-cpf",
  "carries_nir": false
 },
 "inputs": [
  {
   "uri": "feeds/essai.parquet",
   "rows": 40,
   "bytes": 18566,
   "sha256": "39db2c449b260db3674b13b227ead7f749550a6996b85f4adf4245241003da9a"
  }
 ],
 "counts": {
  "in": 40,
  "released": 27,
  "withheld": 6,
  "quarantined": 7
 },
 "releases": {
  "evaluation": {
   "item": "R6323-37.III.2",
   "purpose": "R6323-33.5",
   "attested": "example",
   "rows": 27,
   "fields": {
    "dossier": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "nir": {
     "fate": "pseudonymized",
     "because": "compter des personnes et non des dossiers"
    },
    "nom_naissance": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "courriel": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "sexe": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "date_naissance": {
     "fate": "generalized",
     "because": "comparer l''usage du compte selon l''âge et la région"
    },
    "commune_naissance": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "region": {
     "fate": "kept",
     "because": "comparer l''usage du compte selon l''âge et la région"
    },
    "dispositif": {
     "fate": "dropped",
     "because": "read for a condition, never released"
    },
    "code_rncp": {
     "fate": "kept",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "entree_le": {
     "fate": "generalized",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "montant": {
     "fate": "generalized",
     "because": "mesurer la dépense à cinquante euros près"
    },
    "heures": {
     "fate": "kept",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "commentaire": {
     "fate": "redacted",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "sessions.debut": {
     "fate": "kept",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "sessions.lieu": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "sessions.note": {
     "fate": "redacted",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    }
   },
   "redacted": {
    "commentaire": 8,
    "sessions.note": 7
   },
   "files": [
    {
     "path": "batch.essai_parquet__evaluation__e2a0e3618a66",
     "rows": 27,
     "sha256": ""
    }
   ]
  }
 },
 "quarantine": {
  "null": 1,
  "nir-malformed": 2,
  "nir-key": 3,
  "nir-leak": 1
 },
 "quarantine_files": [
  {
   "path": "batch._tamis_quarantine__79ce9e6cde22",
   "rows": 7,
   "sha256": ""
  }
 ],
 "drift": {
  "unknown": [
   "colonne_inconnue"
  ],
  "missing": []
 },
 "anomalies": {
  "chance-hits:code_rncp": 1
 },
 "keys": [
  {
   "processing": "systeme-evaluation-cpf",
   "item": "R6323-37.III.2",
   "epoch": 1,
   "key_id": "16889d0e3023653b"
  }
 ]
}
');
INSERT INTO batch._tamis_receipts VALUES ('of-csv', 'essai-csv', '2026-11-28 23:53:45.974013+00', '{
 "run": "of-csv",
 "policy": "essai-csv",
 "policy_sha256": "552eae5e579c233ece1b85972ab47bd9f36371b54a86e8c9536012894ef639cc",
 "plan_sha256": "6f0a72e7f7e7513667d8ac963fe56c266223300e8ccc6023406937f86e0a0e89",
 "day": "2026-11-23",
 "replay": true,
 "started": "2026-11-28T23:53:43.706798Z",
 "ended": "2026-11-28T23:53:45.986745Z",
 "tool": "tamis 0.1.0",
 "law": {
  "R6323-37": "LEGIARTI000050924157",
  "R6323-33": "LEGIARTI000050924202",
  "R6323-34": "LEGIARTI000050924189",
  "R6323-34-1": "LEGIARTI000050919830"
 },
 "processing": {
  "slug": "systeme-evaluation-cpf",
  "carries_nir": false
 },
 "inputs": [
  {
   "uri": "feeds/essai.csv",
   "rows": 41,
   "bytes": 6228,
   "sha256": "c7d9b065ea02437d0657784bc80c73c427e6180288b491d3559e6b633781556b"
  }
 ],
 "counts": {
  "in": 41,
  "released": 27,
  "withheld": 6,
  "quarantined": 8
 },
 "releases": {
  "evaluation": {
   "item": "R6323-37.III.2",
   "purpose": "R6323-33.5",
   "attested": "example",
   "rows": 27,
   "fields": {
    "dossier": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "nir": {
     "fate": "pseudonymized",
     "because": "compter des personnes et non des dossiers"
    },
    "nom_naissance": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "courriel": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "sexe": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "date_naissance": {
     "fate": "generalized",
     "because": "comparer l''usage du compte selon l''âge et la région"
    },
    "commune_naissance": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "region": {
     "fate": "kept",
     "because": "comparer l''usage du compte selon l''âge et la région"
    },
    "dispositif": {
     "fate": "dropped",
     "because": "read for a condition, never released"
    },
    "code_rncp": {
     "fate": "kept",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "entree_le": {
     "fate": "generalized",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "montant": {
     "fate": "generalized",
     "because": "mesurer la dépense à cinquante euros près"
    },
    "heures": {
     "fate": "kept",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "commentaire": {
     "fate": "redacted",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    }
   },
   "redacted": {
    "commentaire": 8
   },
   "files": [
    {
     "path": "batch.essai_csv__evaluation__927c2889ab62",
     "rows": 27,
     "sha256": ""
    }
   ]
  }
 },
 "quarantine": {
  "unreadable": 1,
  "null": 1,
  "nir-malformed": 2,
  "nir-key": 3,
  "nir-leak": 1
 },
 "quarantine_files": [
  {
   "path": "batch._tamis_quarantine__49b5613778e9",
   "rows": 8,
   "sha256": ""
  }
 ],
 "drift": {
  "unknown": [
   "colonne_inconnue"
  ],
  "missing": []
 },
 "anomalies": {
  "chance-hits:code_rncp": 1
 },
 "keys": [
  {
   "processing": "systeme-evaluation-cpf",
   "item": "R6323-37.III.2",
   "epoch": 1,
   "key_id": "08b6cd31caeb5934"
  }
 ]
}
');


--
-- Data for Name: _tamis_staged; Type: TABLE DATA; Schema: batch; Owner: -
--

INSERT INTO batch._tamis_staged VALUES ('essai_dsn__evaluation__a2a12e2b4878', 'of-dsn', '2026-11-28 23:53:49.40683+00');
INSERT INTO batch._tamis_staged VALUES ('_tamis_quarantine__22c4cf36abc9', 'of-dsn', '2026-11-28 23:53:49.40683+00');


--
-- Data for Name: essai_csv__evaluation__927c2889ab62; Type: TABLE DATA; Schema: batch; Owner: -
--

INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\xfbc9838d61f1355bbd0a7b300d910dd1', '1964-01-01', NULL, 'RNCP31008', '2025-04-01', NULL, 355, 'vu au guichet, NIR [NIR], rappelé', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 1);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\xbe4b9cfb07b08aca673a813fbe9f585b', '2005-01-01', '75', 'RNCP31036', '2022-02-01', 2150.00, 193, 'dossier complet', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 2);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\xa62b7c0850eb4073436cddd360a67c4f', '1996-01-01', '11', 'RNCP31000', '2023-10-01', 1050.00, 95, NULL, 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 3);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x5241e0f6df927655de6feb0351d4da6c', '1975-01-01', '76', 'RNCP31001', '2023-07-01', 3900.00, 262, 'vu au guichet, NIR [NIR], rappelé', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 5);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\xf182c8a0f7ccb83c8f6cab1cdb49de33', '1992-01-01', '28', 'RNCP31014', '2024-10-01', 1800.00, 294, NULL, 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 7);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x172a93f8650135a99b339c7111205179', '1962-01-01', '76', 'RNCP31039', '2024-12-01', 3300.00, 76, 'vu au guichet, NIR [NIR], rappelé', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 9);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x58f0df9f5709e82d23be4c08a75c5538', '1971-01-01', '11', 'RNCP31002', '2023-05-01', 3950.00, 351, 'dossier complet', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 10);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x2d5e90971816b82f835bed5ec15e74fe', '1979-01-01', NULL, 'RNCP31000', '2022-03-01', 400.00, 9, 'à l''été', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 12);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\xf4b0fce6f954ff897d50a219f3bec110', '1996-01-01', '84', 'RNCP31001', '2025-02-01', 1650.00, 399, 'vu au guichet, NIR [NIR], rappelé', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 13);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\xaebdb73370a916c11da88ca23a981862', '1994-01-01', '11', 'RNCP31013', '2022-07-01', 2650.00, 19, 'dossier complet', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 14);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x9dc1015744a94c02208ba178a6b1cf8d', '1988-01-01', '75', 'RNCP31000', '2023-11-01', 2250.00, 139, NULL, 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 15);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x60944cd07a61b9d5bdbfdbd00e1337ff', '1982-01-01', '76', 'RNCP31001', '2022-09-01', NULL, 89, 'à l''été', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 16);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\xfde496530c77050321b03f777d14114c', '1965-01-01', '94', 'RNCP31001', '2024-06-01', 3900.00, 44, 'vu au guichet, NIR [NIR], rappelé', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 17);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x076aef9367d2489efc2e50dbc318d1ab', '1965-01-01', '75', 'RNCP31002', '2025-11-01', 2550.00, 396, 'à l''été', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 20);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\xefd40569357baf7b84ff207671e5dfef', '1984-01-01', '75', 'RNCP31001', '2024-02-01', 2900.00, 164, 'dossier complet', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 22);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x8b32a551f3b54f3b54ca84fa8f3c5d47', '1992-01-01', NULL, 'RNCP31027', '2025-10-01', 1800.00, 15, NULL, 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 23);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x3a6a56c035111a64ec5c93a70fce8e00', '1976-01-01', '76', 'RNCP31002', '2024-03-01', NULL, 115, 'dossier complet', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 26);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\xed9203092cecc823a3cd4f5b1af267a1', '1959-01-01', '11', 'RNCP31049', '2022-10-01', 3950.00, 198, NULL, 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 27);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x93a11408b684d3e7cef20bf3a1964f59', '1979-01-01', '84', 'RNCP31000', '2025-05-01', 2750.00, 139, 'à l''été', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 28);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x812eac7e4456efe85dab0f864adc22c9', '1985-01-01', '11', 'RNCP31000', '2025-01-01', 3200.00, 82, 'vu au guichet, NIR [NIR], rappelé', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 29);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x50c65009d50c4256e679489cd4c238de', '1968-01-01', '11', 'RNCP31005', '2026-01-01', NULL, 270, NULL, 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 31);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\xc9d89280416283e648a0ed850f7d362b', '1986-01-01', '84', 'RNCP31003', '2025-12-01', 2250.00, 381, 'vu au guichet, NIR [NIR], rappelé', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 33);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\xd0e16cfcfa26d513fd905d31e110aff2', '1976-01-01', '75', 'RNCP31037', '2024-08-01', 1800.00, 339, NULL, 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 35);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x19dbb3d3527a9a99898faddb7ea67c48', '1988-01-01', '44', 'RNCP31033', '2022-07-01', NULL, 206, 'à l''été', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 36);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x54724aa700d35f79f82995ea70065310', '1972-01-01', '11', 'RNCP31012', '2024-09-01', 2750.00, 136, 'vu au guichet, NIR [NIR], rappelé', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 37);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x13a08314567dfa9daaeaa9e28735e30f', '1978-01-01', '75', 'RNCP31011', '2022-05-01', 200.00, 393, 'dossier complet', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 38);
INSERT INTO batch.essai_csv__evaluation__927c2889ab62 VALUES ('\x399987b49d3b66f50862e693fae06ef6', '1972-01-01', '75', 'RNCP31057', '2025-10-01', 450.00, 157, 'à l''été', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-csv@6f0a72e7f7e7', 'of-csv', 0, 40);


--
-- Data for Name: essai_dsn__evaluation__a2a12e2b4878; Type: TABLE DATA; Schema: batch; Owner: -
--

INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\xe89d168d3ae104c21a52be96d7cbc0b8', '75', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 17);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x1f5371c97abefc46f05d24c8ab9a8e78', '75', '[{"debut": "2022-07-01", "emploi": "dossier complet"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 21);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\xabb35ccb4981474487a42c4f8c612d39', '75', '[{"debut": "2023-04-01", "emploi": "à l''été"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 29);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\xca73d0df1f39b5ac3fec531222731c20', '69', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 40);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x3ca81f3c34c8be14a0ee0bc4e411b2d2', '20', '[{"debut": "2024-04-01", "emploi": "vu au guichet, NIR [NIR], rappelé"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 44);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x6416050da646060c35cbbac57ffca78d', '75', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 63);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x35cbf829e4fc1a4e2058fc550df96b5f', '69', '[{"debut": "2025-04-01", "emploi": "dossier complet"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 75);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\xb35fe7323c77878eb887912ab88fbf3b', '69', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 87);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\xcb28f31fd301f7599d2689d50b816b70', '75', '[{"debut": "2024-07-01", "emploi": null}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 91);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x1d7717c057ab7833bb3d8fa1a03c8550', '20', '[{"debut": "2024-04-01", "emploi": "vu au guichet, NIR [NIR], rappelé"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 98);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x9a2408029525d4eb92d94b6d6a995230', '20', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 110);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\xeea58b86422c46eca055e687b6f17906', '75', '[{"debut": "2022-07-01", "emploi": "dossier complet"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 114);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\xd911d388ee6365cb79958c464d2f6a9f', '69', '[{"debut": "2023-04-01", "emploi": "à l''été"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 122);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x1ae42cec94046a70004ac4da7fb69271', '69', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 133);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x776af371bff35a82534b399182b61abd', '75', '[{"debut": "2023-10-01", "emploi": "vu au guichet, NIR [NIR], rappelé"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 137);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x64e965a6d2df5476874d2582fd1ea114', '20', '[{"debut": "2023-07-01", "emploi": null}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 145);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x315e61ef1680236a33e4ce97db0a5d6e', '69', '[{"debut": "2022-01-01", "emploi": "à l''été"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 160);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x3b15791b4df2b10cdd260a98a9a3b1ee', '69', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 180);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\xccb6934541d3e4359c5a13ec3bc8fad0', '75', '[{"debut": "2022-10-01", "emploi": null}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 184);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\xb3871ae9a312847bc310c849d5637134', '75', '[{"debut": "2025-04-01", "emploi": "vu au guichet, NIR [NIR], rappelé"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 191);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x7ac8c61d8cb7acdaf9a314d66ffc2b88', '69', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 203);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x846774686ac96295d4dbc86dd104cb26', '69', '[{"debut": "2024-10-01", "emploi": "dossier complet"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 207);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x1e09d5b333c9d1251b0358c38ae75606', '75', '[{"debut": "2023-07-01", "emploi": "à l''été"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 215);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x6496ac528cdd26cfac835e0cffdf895b', '20', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 226);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x1d3cc1ccb817bee980235e52c8c21a8a', '69', '[{"debut": "2023-04-01", "emploi": "vu au guichet, NIR [NIR], rappelé"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 230);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x04a54c643a80d767efc9908cccfd65be', '20', '[{"debut": "2024-07-01", "emploi": null}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 238);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\xb9f4794cd12285a04cd7f64aa3a10862', '20', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 249);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x7adea05e5606d1af6b9ff991f35398ab', '20', '[{"debut": "2023-01-01", "emploi": "dossier complet"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 261);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\xce5a3e5cf063b318cd5213813f80d70d', '69', '[{"debut": "2025-07-01", "emploi": null}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 277);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x3f7dc33d12fcc473dd39ee2eb8061f40', '20', '[{"debut": "2025-07-01", "emploi": "vu au guichet, NIR [NIR], rappelé"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 284);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x0627cb9e5364df9d3b4a705aac36a67e', '69', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 296);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x8a2a6e334c28b470510f764acf7fa68c', '75', '[{"debut": "2024-07-01", "emploi": "dossier complet"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 300);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\xfe99168e7b406374578bbf537b6d10ff', '69', '[{"debut": "2025-04-01", "emploi": "à l''été"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 308);
INSERT INTO batch.essai_dsn__evaluation__a2a12e2b4878 VALUES ('2026-01-01', '\x45de3e1dc427f6477532d4c0e3d93f27', '75', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-dsn@1c3dc2f328f4', 'of-dsn', 0, 319);


--
-- Data for Name: essai_parquet__evaluation__e2a0e3618a66; Type: TABLE DATA; Schema: batch; Owner: -
--

INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x34c4d6689e0a418c2577fcb84e092f72', '1981-01-01', NULL, 'RNCP31004', '2024-02-01', NULL, 114, 'vu au guichet, NIR [NIR], rappelé', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 1);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\xc492cbe026e0d897af5f3a3e08ac6d7a', '1979-01-01', '11', 'RNCP31022', '2025-04-01', 200.00, 59, 'dossier complet', '[{"note": "dossier complet", "debut": "2023-10-13"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 2);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x0b73ce2894cad73c5c4673efec58d695', '1959-01-01', '28', 'RNCP31015', '2024-12-01', 2150.00, 120, NULL, '[{"note": null, "debut": "2024-06-15"}, {"note": "à l''été", "debut": "2024-10-12"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 3);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x6b3e36a5f6206c2dd5179a2b7d27c775', '1983-01-01', '75', 'RNCP31038', '2023-01-01', 3950.00, 162, 'vu au guichet, NIR [NIR], rappelé', '[{"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2023-08-05"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 5);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\xb6de000035a7dda73fa1a44847c55980', '1964-01-01', '84', 'RNCP31016', '2024-08-01', 1050.00, 29, NULL, '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 7);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x874a8b1363f8f403f7351cb2693aa0e4', '1976-01-01', '76', 'RNCP31008', '2026-02-01', 2600.00, 9, 'vu au guichet, NIR [NIR], rappelé', '[{"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2024-02-25"}, {"note": "dossier complet", "debut": "2024-11-15"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 9);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x19806a63531433e61cb9a231a5bdce4b', '1980-01-01', '44', 'RNCP31007', '2023-02-01', 450.00, 265, 'dossier complet', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 10);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x1f9858f1cd12595780963e7eb97bd84d', '1992-01-01', NULL, 'RNCP31000', '2022-02-01', 3700.00, 238, 'à l''été', '[{"note": "à l''été", "debut": "2022-01-30"}, {"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2023-07-30"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 12);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\xa93aaa6baff4aee666724d3309696d97', '1972-01-01', '11', 'RNCP31001', '2022-12-01', 1700.00, 343, 'vu au guichet, NIR [NIR], rappelé', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 13);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\xa3586529bfbf49c539e4a7df0b6227fe', '1983-01-01', '11', 'RNCP31001', '2023-12-01', 2800.00, 222, 'dossier complet', '[{"note": "dossier complet", "debut": "2023-01-21"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 14);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x4c4bdfe3c82e6b19b41a5d7f0ca96a99', '1965-01-01', '11', 'RNCP31003', '2022-03-01', 2450.00, 375, NULL, '[{"note": null, "debut": "2022-11-25"}, {"note": "à l''été", "debut": "2024-07-01"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 15);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\xf827fd1150ca06fe98cda42669d42f3a', '1980-01-01', '75', 'RNCP31000', '2025-10-01', NULL, 301, 'à l''été', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 16);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x14e4fdaac285aa4c67a4ccc17079d7d6', '1984-01-01', '44', 'RNCP31001', '2022-06-01', 850.00, 165, 'vu au guichet, NIR [NIR], rappelé', '[{"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2023-09-03"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 17);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\xb6847ee9338631bbb5b01248f457c627', '1979-01-01', '11', 'RNCP31000', '2023-11-01', 2300.00, 295, 'à l''été', '[{"note": "à l''été", "debut": "2022-10-04"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 20);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x80ee40a14165739c97a676b778acfec5', '1986-01-01', '11', 'RNCP31002', '2024-11-01', 1050.00, 137, 'dossier complet', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 22);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x0ac5c1cda86614066afd266d6a4118a6', '1974-01-01', NULL, 'RNCP31000', '2025-02-01', 3350.00, 60, NULL, '[{"note": null, "debut": "2023-10-19"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 23);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x910e0567164536576bd823a614ca72c1', '1982-01-01', '11', 'RNCP31020', '2025-04-01', NULL, 222, 'dossier complet', '[{"note": "dossier complet", "debut": "2022-11-28"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 26);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x88fa19fdda18a08f4a0505237c2e6955', '1978-01-01', '44', 'RNCP31002', '2025-01-01', 700.00, 157, NULL, '[{"note": null, "debut": "2025-01-31"}, {"note": "à l''été", "debut": "2023-06-03"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 27);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\xfc96820f4d5a7fd0c13071fc6c530da7', '1974-01-01', '11', 'RNCP31054', '2023-08-01', 400.00, 378, 'à l''été', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 28);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\xc06e2a8b0f6ade8f4d42b3685b74ae26', '1978-01-01', '28', 'RNCP31051', '2022-08-01', 500.00, 135, 'vu au guichet, NIR [NIR], rappelé', '[{"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2023-03-17"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 29);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x12a4dd3772738f30338c1c34b60d6aaa', '1996-01-01', '84', 'RNCP31028', '2023-09-01', NULL, 132, NULL, '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 31);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x38c80fc83ec22ffb311644d38ea5d050', '1986-01-01', '75', 'RNCP31030', '2022-11-01', 1700.00, 58, 'vu au guichet, NIR [NIR], rappelé', '[{"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2024-10-23"}, {"note": "dossier complet", "debut": "2023-11-03"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 33);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\xeb6eb2d606cd128b32ebfba0acc094cb', '1985-01-01', '75', 'RNCP31015', '2023-10-01', 1250.00, 326, NULL, '[{"note": null, "debut": "2025-10-08"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 35);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\xd8be41fd5a4030d5cd7e23517804bab5', '1969-01-01', '11', 'RNCP31000', '2024-07-01', NULL, 227, 'à l''été', '[{"note": "à l''été", "debut": "2025-01-29"}, {"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2023-05-28"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 36);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x843411e100bf7b89b99db3e6595f7771', '1991-01-01', '11', 'RNCP31000', '2025-08-01', 1950.00, 220, 'vu au guichet, NIR [NIR], rappelé', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 37);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\xbdf0db7bbdf14a8375076b5aa191e98b', '1963-01-01', '11', 'RNCP31055', '2023-07-01', 3300.00, 210, 'dossier complet', '[{"note": "dossier complet", "debut": "2025-03-01"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 38);
INSERT INTO batch.essai_parquet__evaluation__e2a0e3618a66 VALUES ('\x596377439c8dfb97671f8899eefc4b43', '1971-01-01', '84', 'RNCP31009', '2026-01-01', 1350.00, 341, 'à l''été', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-parquet@33aa7b685a9b', 'of-parquet', 0, 40);


--
-- Data for Name: _tamis_positions; Type: TABLE DATA; Schema: stream; Owner: -
--

INSERT INTO stream._tamis_positions VALUES ('stream-tables', 'kafka://127.0.0.1:22902/dossiers', 0, 20);
INSERT INTO stream._tamis_positions VALUES ('stream-tables', 'kafka://127.0.0.1:22902/dossiers', 1, 20);


--
-- Data for Name: _tamis_quarantine__325b7af0249e; Type: TABLE DATA; Schema: stream; Owner: -
--

INSERT INTO stream._tamis_quarantine__325b7af0249e VALUES ('stream-tables', 'kafka://127.0.0.1:22902/dossiers/0', 9, 'nir-malformed', 'nir', 'identifier: nir, nia', '\x544d533124564f333f6d387d7ad361130862fcd8b2a6ee0f262bb4b300ed343aedc4d80591cef79e4342f840fc7f1833548fc79e643a9a51b64343dda59735d1efe079d1ccfc1ff80d9c5c136db4ac4abd09b7c7796bf82b6f1794be35bb55672f79b64ab4ddd1d8d2a9e3d7b17722d278b3b42835fadc99c92fa98edd868f9ad8547d9228d518a74edc0338482bae360b6a3772492c696fea730383560651d969bd580c8bc1f9084f8544c723b1d0afaaeee59d50ed3149f0c2c16dc91e0f1de76f5d12820fd6028f9248110b8abcd8dd91343669524b7bbe6ca9a902d529e9617bb835be438601b59a2f54c81b062ee698eceda9ed57181a4b5560e46d3a9f88ed34100119beab8323ad2580ccd576442db33972ad7a35e0fedf4d4cd07c49ee3ada0df6cce4c87e56a5784a21441209945f9aa64efbdadf351e3ecf9335a1b00fc23700a998fe2d7ec9fa02031d7f825519fc570af762a407a62efac73b4108b0e2290ade1ba7379482ceca645fa9297ef6b24281b3787b00566969bd265ccf08127eac8c0ca06d0b523efa54b5df2719e555969416a2959dcf944f6a36e82755e04d96a70eeb25086e172cfa04b3568c56fdb95a7715da4cbe1f92f75de24690dd9211cfbca53d57b2cc14d0e4d4cab0e1', 0, 9);
INSERT INTO stream._tamis_quarantine__325b7af0249e VALUES ('stream-tables', 'kafka://127.0.0.1:22902/dossiers/0', 10, 'nir-key', 'nir', 'identifier: nir, nia', '\x544d533124564f333f6d387d4c0a4bf37572a5ced715c4b1a1a42c7fc5543229fd427cbb85bdb83c6ca6e26ab9d0fe8b9167c21006883d5933ca2b5525431a5a4edd811f3209d1cdbd2deb2cfcbed5a2cd4f0a9981f8f059fa47bf7be7d1b937506d8464b56c4ae9b0bb5a340f5828e3a96d49fb4dabd97720b4d0f945d83877cf6ec55f008f26f89cc4f2037c7e5eee3f5b9a9ef5cd22a8d6145f0cc60270a5c6f0dd9de1f551e716627ac994a13b3881effdc2b74e6c4e69c2c5a61257e7c25b920cc5d1c881775d667d18e6c8842900f3dbde6758be002cdb8d7be805b009b383bddfb0e25a2227b59d8c4649bcad8b7922cae86e5ef47dfb533b534d864257b527192a58b30da7f649d0581d17d965f6878f803a0ae5d2e00bbf8c84b57706d772d626b3cd0187760dc19b289fa382ac416a87423c8c5fa407510e1637b4c8a02cbec148178a9d132891d7697f38124d798dfce2ed4c756aad775b551d3f1b6d0f07c1c1bde193eae01befe31223fa54f686f02c297e402fdae42c8dc2279489118908798354b0fe5fdf590209a192855a9a0ced41c7aa58c5d54b1122f4f4649ac274db436414fac267c91e71d77738659a219e183526edb545d23db35fb6ab5c23b5833708a3ea927fd07e1ef7a76ba7ced363b97c268616ebad05478c7323301c683f40e083d7bb374647e761a828a18a75d39c32ef43c6489c9fe9f0092c28ff3f28637dbea479e00f23c3f95e1f892f86d7ef46bdc7cd5ed137af88b4a29e5ce2da3670c9aeb22636b80b7dba8261e5f43ae34a9dd6910d88fbc645694e36c1c1090802c4243c1aec0f149b22cb4ed7bf1a25c3d12fbe5523bb218fcd323c136c78a5e58554c40c56287c1ad4d6ae72b666de131f589b1f558e10ebaa7a6fe2b6ebe1233b968c0aae0cdc9a7c72a00187ff8935ca780cebcb2cfe2acc91722c76d68fecc8f8cd0d7783ac90552f0fa05241ea1025472ddb7bf58ab68871', 0, 10);
INSERT INTO stream._tamis_quarantine__325b7af0249e VALUES ('stream-tables', 'kafka://127.0.0.1:22902/dossiers/0', 13, 'unreadable', '', 'not JSON', '\x544d533124564f333f6d387d7c3f0a664b31cf70dc2a4bcc1d707040f57e188891b0d4b56da4b2ac5fa592217d585392f4071232594382f58a4513c816be7be19e36f4a1671f4fdca17bf8e56942611199eb923b08ca5af78323757fda98363f5a949f0dfc11ab609a98de75ca08c0276cb1f691998a1ef6f9d5df1f4725250e8ad984aaa45bce0550a85d2ec7a23d3533f0f9c3678ad1bb7e06ccf49a98a83450c9ad9ae563bd4bf2a36355ea98800d489a3217eebccaeaad94764387b3d3bdfaf476c831da1a1d131b159227aaa42b37e74fbdd072a05968567d9c299d9e945bf8928ee1fc39990208b843b4d068e99ac82f567c92680052f189c801131843d1ca592593d1b95d92f57f19c1d8312615aead50eb76ae763fa35fa8d3600b1bfc3338a189d301186b5804b3eacb11325b22ac4663baa705faef5e99327edf03acb901d5cda2d2516bafcbeb475b02efa8f4f8feba60c66997a9a145e946ec534688f355d79fcff64c1b25a30c3e4f9151892b73d6dd3cff5db061a1bb4a6823e3ecfe78516db42e1f1581e5b3f503e41a12faa7bf64e36a9cc6cb786d1f7c6c29d5901c5b6be52d8d074aada5371c662b7d8054cab793753bcf2cce908ac1e538f4c8a9f54098cc2182735671643ace18b692d17f83dd621e0db4d51d1548b6cc046365d89e3521e4170633024daf6bd30742b7c12488ffd1bb83343b2b3798c64e9cdc48c5131db812aaa7d1920fbc6b5f57afbad043eb8410086ef2dba4f0159af991b6d4cc3379ccce13c4ddacc5aab7c5d3728f9938c789337bd2e7561e3d', 0, 13);
INSERT INTO stream._tamis_quarantine__325b7af0249e VALUES ('stream-tables', 'kafka://127.0.0.1:22902/dossiers/1', 2, 'nir-malformed', 'nir', 'identifier: nir, nia', '\x544d533124564f333f6d387d2d8855f9d541ce7e89c96b55728885f36a194ede2d5888c86b17576bc146ac424d1e7a161bdc54c275607e4d744f613cc907291dc41244cd7a1fac445f2d7ffa53c88ca5522b9f7c1e9389c8a0c2e4873905cc633c2e90c2cd628d2c89262734e662a566e3ffd1142b1283d6a05e6ab2c9231004b1d3972449f7f7c76fbc860aa828f9e808b9a7fce7f9cdce4f6edc9e10a38fcef5e76c3ed3ca4f15db37e6af55c0b467ef08f28266dfd580f378916748f1dd1d1a1588226c7992e4448ed128e0fa76109c434157f8c4a1a1b4d6eaa2dafdaab3b235f3bee2e4a232129daba18f5e965f52272e143ba1cb2e9adc8fd894238b603d08828fd86ee5bfed8a0092ada7eb5874005fd70af3c1a0f0a1f3f13b26274c463fb44db7644e4a2a86e49163650840f1960815e3d235c6ca984f040895ac45e93265f27cf69c8536c4fbb162a042a8a000898c6e7932b54108918ed8d9e7c6ea126be98166db1eaa857c5800fba4bd3b4910cab42a9cc27dc465017ad54e53ba9b79b249a35fbf6e28304fbefc2befd643ceef6fbc7e8716db01fcb0dcd9f9a4d8dbc787fc363ca5c617e04548ff748985898363c150380381ea2f1dbebf84d9e90964e8902420b065500ef1b85a543cd344a0edf3b56d3b82f40a7d336fd60304bd29279bf4f9873a6a75cc84783a1cf329b88d075214c1992b70e682a8bc1a34fc5ef96d94cdb8383a04d67a01aa67cb2274fafb4a165f87e93c663ffe4f55863ca06d657b5de289cb7bf08f80f7e8790c74fcbd8813734713df10abf41810521fae345706773fe9da4f48183cac0895ea274dd3e5c70b101ae86609644572f2c8465cf3a7aec052d08d', 1, 2);
INSERT INTO stream._tamis_quarantine__325b7af0249e VALUES ('stream-tables', 'kafka://127.0.0.1:22902/dossiers/1', 3, 'nir-key', 'nir', 'identifier: nir, nia', '\x544d533124564f333f6d387dd33a0a4167a47015153183a91693cfd302b64a8d3a7e025525cc084d003fb265002af528a0492ccebde16b0f46dc16398dd9d24977fc0157fdb6d6c751130096a18ab16a79a53131ad409d932e299b726443f724d9e851d6c866f4aa0d9901251ca4fe0b2368169fd46fcbaa982f496766e75c36639ba57442d1b5439ad4c6f476488ded619b25651128e1ef80c429bb44fa9be68c3fd9c6fed6d379b113181a92d1f566264e52c651b980b60071726b19abd86b2031a9cdf563376b92a59fd693d586ef8ed22276f6439aebc7658a82baad936e2194d5429b076569d569991c47cc1020aef159e959ef64c290d77ce89f0c783e9f32bbab6b92942169bdab624f76a326564f2a8943c509cde01f4e6f0325da58c92db5ee10372b89559e09af4306da3eb53e974746fb271cee121f2d2a02158d2947b95711ecd76d3ded35884850dfe876fd79333f48761060f660f426c9b7c4d1480378e9574c49a2f70d9b88428a070c0fe6a421caed9b136df42a9ca3486891db4abb22465f9ef284b841dbd0357a7828bb8cfc7832f3928f756ec7f3ba285d97eb73857e3ac6e9308f7a3b4c5b851046be1c6787910ed843efd819c2deb5128b104caeb946e88b9b86f9978627f86f109033b6c62ad1472d4951a23317991883759e88ada27240620bc42fd8e3ef9fea02dc7f7f809adc5db88b9be66192fa4bff74dfe7874b853da30d2970a97faaf7a63b11bec43831716484fa73cb5cf2a1', 1, 3);
INSERT INTO stream._tamis_quarantine__325b7af0249e VALUES ('stream-tables', 'kafka://127.0.0.1:22902/dossiers/1', 4, 'unreadable', '', 'not JSON', '\x544d533124564f333f6d387d66968ca7c75031bface65fd07716ff03d0bb3d5158961a13a783ed5b072aa1513c72170f1fb21776aac4fff9374cdc2660ed83782482b7ebc75cf1c0bddafeab1aba6e8be51f830ba66d244c2590a22614c5c03e0b7987baf5db71c751036710ed7f93166efd6e4586df564a49804367e27471a05e97a50ee4c7aaaa5a3c7dfdb244838eeed527e95f352de0d5bbfcb2784ffe1242c738a62d277c6da5f127b91e135b061dd64759a97aca9ccc5ed534e22e30731196c69b3a2335cce0f7c81c12683c41b680ffc320a6b2f88ab7b85a534f890a5ed1b4d8332ac36ed260b5f121238b29228e6d3559a930cb5b5c9d4b601e09e75cf714b854a9764ddb5b526efda34d8631ea119649d13e40be55cdaf249bca63a11271ce924376b699980ddfb34f310bb7adbb98941becb450f61fa704feb9cc4a8252238d8ba987c218294a5dbdf315067d104c0fe3cbdb0a8fa2c0a7ab8a52050165c711b47225d19d4c020247483bf330a63c2db2438bc5d201914bb742475d389e9153137022fd7eafd03a165e3e54ab418b76733706215a04bc4fb90a2e8f0add2d318d284fe192c8b9886faf335a5abbc065296041f43f105595ab5a837bfbf96ce3265c', 1, 4);
INSERT INTO stream._tamis_quarantine__325b7af0249e VALUES ('stream-tables', 'kafka://127.0.0.1:22902/dossiers/1', 14, 'null', 'date_naissance', 'nullable: false', '\x544d533124564f333f6d387db97efe5b243afd9ec6c2f18b772e091694fde87cc587276a2664d2ba280150767a444b73b88cd0fe4d2758601beed098410b3f707640c3bfab36608dcb5c7cebea9deb1ed6493e8c9ba47cdb660ff179f4b724e7b8f6c876bc1029dd57445867910d8f30d894a45a765829a9c5079ce42f786f0694adcc24bb37157cd18328d56cc47f08fb258cdfb2d193847f3b2ec317da3975f1ee2a4a4b83e00e4a1be72872baffae62d460b0b47d9b69d68700124a3ffc39112d8caa9261c0db71196e1e3611ffd1836d8dfa4ed9f96bc804bba42169bdf3a80d4f9a89dce8c4ac9fbc80bab8ee71b029a669f497a34361ccfc0ecfceb0325a9495e2fb01d7270042d9969b8927b293611fbb561c3994867e6ca43fe60d0c27f5fa9df2372162d677a08ce02b9d4c9830de351c36fb0f3179f67d8ed76fdb8c792c40b5d9e23db0dd1f19d8598165bcd8c49c24a3c6e667b28a553975c2b0397647f80ad0f83068c51f33141e24898596f4baa0b381c2104add83031ec3f625fc03f24de9464d21b7cc1f4ad8613efc5a7713516a6cc36ff07df5a6870c9a130efb69ce1aa7994f86b4400d3128a733ff58af2636393737756d9035da31c3dd37cc6726c78476ac6976feda3d30397aae847566e2986c2154239cb88b3f95e93ac6eb11abd5c8e80caf31a9d8fabe58a3b97ae1f1bf5128a452c95d4b8c5f4c3624ea127ff43479c2c08a4bea49385bcee2f53404a9a857337f6636f5e61b925610e4dd36558f74eee1269a94a51e54891585c7a2c0505b3df90815c3a68885a5c5b5a93153591b9c07e53acf4ed93ec977df221fe08f043bfb5b45ab9fa59360061940cc', 1, 14);
INSERT INTO stream._tamis_quarantine__325b7af0249e VALUES ('stream-tables', 'kafka://127.0.0.1:22902/dossiers/1', 16, 'nir-key', 'nir', 'identifier: nir, nia', '\x544d533124564f333f6d387d8d3d59304d1acd7089c1c7e5f73f22ee19098d132068b4ae4def94b0d3126b5f2343bc9fd95af1cba04d64c63c6c58f9e43227a86e27b8d1cd77cc56e30f5acb1d4af832ab0000f2861a535b0aeb6e78b71900f104e5ae0e462fa258cbc1fe6652eba6d51f7dafda9640f8891f3b0506a5c9d5eeea8374a3e1250f0bbea0dfbcbeb1f7f5bc5e3e623d6627dc3c0470a433ee19f8bc7bd060691f1c64a2afefa3308bec891f1265d453f514b96c4351dafd0b818f301ccd852cf2836d99ec562b10ad232484f59ec3682ea0667c5ed4ec374ab5c54485b1ace3406f6aa9865365603c522f99985c4ecf3bcc15b8c5c123f8f64052120e762fc720848c39529aef9a5247a18a3561c71b91539bc5a95c82f755f29e8953d2b8b1639e7211683154364e6032fdedc733c7ea5b36d3bf8f3d4a983199a97c11aa2b0b34ce4c6f5aac1b3bad0cb0f2152d477d86549513c399138a8913543c0c67154f6451609812b38821f1b1335726c7e554649fe3ba8ad5e812f9894c3160597623e09ce45edb538d0c82d0acfb0573bab8959ee8876903a76d49824982dd882cf4abf1b09500a21cc1fe94169661b90f2992cce10520edd871d0f347a3b9db520ba182368a397a80200a4f78917576f36e948d49fa5b6aed', 1, 16);


--
-- Data for Name: _tamis_receipts; Type: TABLE DATA; Schema: stream; Owner: -
--

INSERT INTO stream._tamis_receipts VALUES ('stream-tables-20261128t235354-e8ab', 'essai-jsonl', '2026-11-28 23:53:54.962407+00', '{
 "run": "stream-tables-20261128t235354-e8ab",
 "stream": "stream-tables",
 "policy": "essai-jsonl",
 "policy_sha256": "615eacfcb01dfb966761d18eab554282a42d9d03f7d16632a1cc28e4f0c049f7",
 "plan_sha256": "bea810cf76217de15962af4caae6aafe75ded7462132eed2b19df7874475a516",
 "day": "2026-11-29",
 "replay": false,
 "started": "2026-11-28T23:53:54.961023Z",
 "ended": "2026-11-28T23:53:54.968728Z",
 "tool": "tamis 0.1.0",
 "law": {
  "R6323-37": "LEGIARTI000050924157",
  "R6323-33": "LEGIARTI000050924202",
  "R6323-34": "LEGIARTI000050924189",
  "R6323-34-1": "LEGIARTI000050919830"
 },
 "processing": {
  "slug": "systeme-evaluation-cpf",
  "carries_nir": false
 },
 "inputs": [
  {
   "uri": "kafka://127.0.0.1:22902/dossiers/0",
   "rows": 15,
   "bytes": 6946,
   "sha256": "",
   "first": 0,
   "next": 15
  },
  {
   "uri": "kafka://127.0.0.1:22902/dossiers/1",
   "rows": 15,
   "bytes": 6646,
   "sha256": "",
   "first": 0,
   "next": 15
  }
 ],
 "counts": {
  "in": 30,
  "released": 19,
  "withheld": 4,
  "quarantined": 7
 },
 "releases": {
  "evaluation": {
   "item": "R6323-37.III.2",
   "purpose": "R6323-33.5",
   "attested": "example",
   "rows": 19,
   "fields": {
    "dossier": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "nir": {
     "fate": "pseudonymized",
     "because": "compter des personnes et non des dossiers"
    },
    "nom_naissance": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "courriel": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "sexe": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "date_naissance": {
     "fate": "generalized",
     "because": "comparer l''usage du compte selon l''âge et la région"
    },
    "commune_naissance": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "region": {
     "fate": "kept",
     "because": "comparer l''usage du compte selon l''âge et la région"
    },
    "dispositif": {
     "fate": "dropped",
     "because": "read for a condition, never released"
    },
    "code_rncp": {
     "fate": "kept",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "entree_le": {
     "fate": "generalized",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "montant": {
     "fate": "generalized",
     "because": "mesurer la dépense à cinquante euros près"
    },
    "heures": {
     "fate": "kept",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "commentaire": {
     "fate": "redacted",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "sessions.debut": {
     "fate": "kept",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "sessions.lieu": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "sessions.note": {
     "fate": "redacted",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    }
   },
   "redacted": {
    "commentaire": 6,
    "sessions.note": 6
   },
   "files": [
    {
     "path": "stream.essai_jsonl__evaluation__8c4739b0fa82",
     "rows": 19,
     "sha256": ""
    }
   ]
  }
 },
 "quarantine": {
  "unreadable": 2,
  "null": 1,
  "nir-malformed": 2,
  "nir-key": 2
 },
 "quarantine_files": [
  {
   "path": "stream._tamis_quarantine__325b7af0249e",
   "rows": 7,
   "sha256": ""
  }
 ],
 "drift": {
  "unknown": [],
  "missing": []
 },
 "anomalies": {},
 "keys": [
  {
   "processing": "systeme-evaluation-cpf",
   "item": "R6323-37.III.2",
   "epoch": 1,
   "key_id": "16889d0e3023653b"
  }
 ]
}
');
INSERT INTO stream._tamis_receipts VALUES ('stream-tables-20261128t235407-665a', 'essai-jsonl', '2026-11-28 23:54:07.758652+00', '{
 "run": "stream-tables-20261128t235407-665a",
 "stream": "stream-tables",
 "policy": "essai-jsonl",
 "policy_sha256": "615eacfcb01dfb966761d18eab554282a42d9d03f7d16632a1cc28e4f0c049f7",
 "plan_sha256": "bea810cf76217de15962af4caae6aafe75ded7462132eed2b19df7874475a516",
 "day": "2026-11-29",
 "replay": false,
 "started": "2026-11-28T23:54:07.753409Z",
 "ended": "2026-11-28T23:54:07.772279Z",
 "tool": "tamis 0.1.0",
 "law": {
  "R6323-37": "LEGIARTI000050924157",
  "R6323-33": "LEGIARTI000050924202",
  "R6323-34": "LEGIARTI000050924189",
  "R6323-34-1": "LEGIARTI000050919830"
 },
 "processing": {
  "slug": "systeme-evaluation-cpf",
  "carries_nir": false
 },
 "inputs": [
  {
   "uri": "kafka://127.0.0.1:22902/dossiers/0",
   "rows": 5,
   "bytes": 2269,
   "sha256": "",
   "first": 15,
   "next": 20
  },
  {
   "uri": "kafka://127.0.0.1:22902/dossiers/1",
   "rows": 5,
   "bytes": 2165,
   "sha256": "",
   "first": 15,
   "next": 20
  }
 ],
 "counts": {
  "in": 10,
  "released": 7,
  "withheld": 2,
  "quarantined": 1
 },
 "releases": {
  "evaluation": {
   "item": "R6323-37.III.2",
   "purpose": "R6323-33.5",
   "attested": "example",
   "rows": 7,
   "fields": {
    "dossier": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "nir": {
     "fate": "pseudonymized",
     "because": "compter des personnes et non des dossiers"
    },
    "nom_naissance": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "courriel": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "sexe": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "date_naissance": {
     "fate": "generalized",
     "because": "comparer l''usage du compte selon l''âge et la région"
    },
    "commune_naissance": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "region": {
     "fate": "kept",
     "because": "comparer l''usage du compte selon l''âge et la région"
    },
    "dispositif": {
     "fate": "dropped",
     "because": "read for a condition, never released"
    },
    "code_rncp": {
     "fate": "kept",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "entree_le": {
     "fate": "generalized",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "montant": {
     "fate": "generalized",
     "because": "mesurer la dépense à cinquante euros près"
    },
    "heures": {
     "fate": "kept",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "commentaire": {
     "fate": "redacted",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "sessions.debut": {
     "fate": "kept",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    },
    "sessions.lieu": {
     "fate": "dropped",
     "because": "not listed by the policy"
    },
    "sessions.note": {
     "fate": "redacted",
     "because": "mesurer vers quelles certifications le compte est mobilisé"
    }
   },
   "redacted": {
    "commentaire": 2,
    "sessions.note": 2
   },
   "files": [
    {
     "path": "stream.essai_jsonl__evaluation__8c4739b0fa82",
     "rows": 7,
     "sha256": ""
    }
   ]
  }
 },
 "quarantine": {
  "nir-key": 1
 },
 "quarantine_files": [
  {
   "path": "stream._tamis_quarantine__325b7af0249e",
   "rows": 1,
   "sha256": ""
  }
 ],
 "drift": {
  "unknown": [],
  "missing": []
 },
 "anomalies": {},
 "keys": [
  {
   "processing": "systeme-evaluation-cpf",
   "item": "R6323-37.III.2",
   "epoch": 1,
   "key_id": "16889d0e3023653b"
  }
 ]
}
');


--
-- Data for Name: _tamis_staged; Type: TABLE DATA; Schema: stream; Owner: -
--



--
-- Data for Name: essai_jsonl__evaluation__8c4739b0fa82; Type: TABLE DATA; Schema: stream; Owner: -
--

INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x29aed2db3c95ba5de4eda64e2b538efe', '1977-01-01', NULL, 'RNCP00000', '2024-08-01', NULL, 269, 'vu au guichet, NIR [NIR], rappelé', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 0);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x50cf78ed7ef02be31a0f5d307fd36b80', '1977-01-01', '75', 'RNCP00002', '2025-08-01', 350.00, 195, NULL, '[{"note": null, "debut": "2022-02-17"}, {"note": "à l''été", "debut": "2022-11-14"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 1);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x1c925f9814e2175e864b0b8cae6e9a71', '1992-01-01', '11', 'RNCP00004', '2024-03-01', 1250.00, 109, 'vu au guichet, NIR [NIR], rappelé', '[{"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2023-11-30"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 2);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x67a3091054651c401749f87514d5e8d5', '1955-01-01', '75', 'RNCP00006', '2025-06-01', 2900.00, 64, NULL, '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 3);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x4a0433a105e05b42211b464a62a779fb', '1984-01-01', '28', 'RNCP00008', '2023-12-01', 2300.00, 258, 'vu au guichet, NIR [NIR], rappelé', '[{"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2024-11-02"}, {"note": "dossier complet", "debut": "2024-02-09"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 4);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\xe5feefd1ceea7076cbefe170a0ecf986', '1979-01-01', '11', 'RNCP00012', '2024-02-01', 3000.00, 357, 'vu au guichet, NIR [NIR], rappelé', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 6);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x57b90fb052bd30cdfbe85f0823238a72', '1967-01-01', '76', 'RNCP00014', '2022-05-01', 1150.00, 67, NULL, '[{"note": null, "debut": "2025-09-04"}, {"note": "à l''été", "debut": "2023-07-31"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 7);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\xd80af26d3be0a537cd05940b57dc0447', '1982-01-01', '84', 'RNCP00016', '2025-03-01', 200.00, 96, 'vu au guichet, NIR [NIR], rappelé', '[{"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2025-12-28"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 8);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x3be4bff4f0b70d4c4bb03d3e241c9396', '1971-01-01', NULL, 'RNCP00022', '2026-01-01', 2700.00, 316, NULL, '[{"note": null, "debut": "2023-03-19"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 11);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x87ed4227d759d28233545f9a52949032', '1984-01-01', '11', 'RNCP00028', '2022-03-01', 1600.00, 186, 'vu au guichet, NIR [NIR], rappelé', '[{"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2025-07-13"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 14);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\xd7ffabe7a246ab80519147bde424964d', '1979-01-01', '11', 'RNCP00001', '2023-04-01', 2100.00, 126, 'dossier complet', '[{"note": "dossier complet", "debut": "2025-11-22"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 1, 0);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\xb324b2832ea2d98dc772add8908f3d78', '1987-01-01', NULL, 'RNCP00011', '2023-03-01', 900.00, 194, 'à l''été', '[{"note": "à l''été", "debut": "2022-11-12"}, {"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2024-01-26"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 1, 5);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x733aea9bd774d7c49de256949c0358ac', '1997-01-01', '44', 'RNCP00013', '2023-06-01', 1900.00, 356, 'dossier complet', '[{"note": "dossier complet", "debut": "2024-04-10"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 1, 6);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\xf8e5fb5987ffea628024feae2a8771ed', '1973-01-01', '11', 'RNCP00015', '2023-02-01', NULL, 370, 'à l''été', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 1, 7);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x6e0e1b31317b0878b38a8c78da9bb846', '1982-01-01', '76', 'RNCP00019', '2022-06-01', 500.00, 340, 'à l''été', '[{"note": "à l''été", "debut": "2022-05-31"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 1, 9);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\xcb4c4d76ef22137fc29d43aa7c62ea3e', '1971-01-01', '84', 'RNCP00021', '2024-02-01', 3950.00, 174, 'dossier complet', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 1, 10);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x8eb5450466fffa105d466b9384c3bf06', '1983-01-01', '11', 'RNCP00023', '2024-10-01', 3850.00, 204, 'à l''été', '[{"note": "à l''été", "debut": "2023-09-19"}, {"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2025-06-12"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 1, 11);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x80441616657e61c78ff53f4f5711a1fb', '1964-01-01', '94', 'RNCP00025', '2024-06-01', NULL, 112, 'dossier complet', '[{"note": "dossier complet", "debut": "2025-10-21"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 1, 12);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\xbf889b477690ca6a6f01ec9288cc0308', '1971-01-01', '84', 'RNCP00027', '2025-06-01', 1000.00, 347, 'à l''été', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 1, 13);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\xf6c81e346819777c5abaeb96a2087360', '1969-01-01', '75', 'RNCP00030', '2024-06-01', NULL, 278, NULL, '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 15);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x037556c7911481f394becedb2c83eae7', '1964-01-01', '32', 'RNCP00032', '2025-06-01', 500.00, 258, 'vu au guichet, NIR [NIR], rappelé', '[{"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2024-08-22"}, {"note": "dossier complet", "debut": "2025-10-23"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 16);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\xfff6e4377225f17776f64539c3e8d4d4', '1969-01-01', '84', 'RNCP00034', '2025-04-01', 2050.00, 260, NULL, '[{"note": null, "debut": "2023-07-18"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 17);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\xb880052b3e5aedb164ee50b3b90e13d1', '1990-01-01', '11', 'RNCP00036', '2024-09-01', 2000.00, 89, 'vu au guichet, NIR [NIR], rappelé', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 0, 18);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x32b096bc11eeaa5962e6b2601cb65385', '1968-01-01', '84', 'RNCP00035', '2026-01-01', NULL, 275, 'à l''été', '[{"note": "à l''été", "debut": "2024-05-17"}, {"note": "vu au guichet, NIR [NIR], rappelé", "debut": "2022-06-10"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 1, 17);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\x5843e95d8dc82d9051b70e958bc2c31d', '1989-01-01', '28', 'RNCP00037', '2024-08-01', 1300.00, 363, 'dossier complet', '[{"note": "dossier complet", "debut": "2024-01-22"}]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 1, 18);
INSERT INTO stream.essai_jsonl__evaluation__8c4739b0fa82 VALUES ('\xaad3792ea96fb28443b6761cb9bdce63', '1970-01-01', '44', 'RNCP00039', '2025-05-01', 2550.00, 98, 'à l''été', '[]', 'R6323-37.III.2', 'R6323-33.5', 'LEGIARTI000050924157', 'systeme-evaluation-cpf', 'example', 'essai-jsonl@bea810cf7621', 'stream-tables', 1, 19);


--
-- Name: _tamis_quarantine__22c4cf36abc9 _tamis_quarantine__22c4cf36abc9_pkey; Type: CONSTRAINT; Schema: batch; Owner: -
--

ALTER TABLE ONLY batch._tamis_quarantine__22c4cf36abc9
    ADD CONSTRAINT _tamis_quarantine__22c4cf36abc9_pkey PRIMARY KEY (_input, _position);


--
-- Name: _tamis_quarantine__49b5613778e9 _tamis_quarantine__49b5613778e9_pkey; Type: CONSTRAINT; Schema: batch; Owner: -
--

ALTER TABLE ONLY batch._tamis_quarantine__49b5613778e9
    ADD CONSTRAINT _tamis_quarantine__49b5613778e9_pkey PRIMARY KEY (_input, _position);


--
-- Name: _tamis_quarantine__79ce9e6cde22 _tamis_quarantine__79ce9e6cde22_pkey; Type: CONSTRAINT; Schema: batch; Owner: -
--

ALTER TABLE ONLY batch._tamis_quarantine__79ce9e6cde22
    ADD CONSTRAINT _tamis_quarantine__79ce9e6cde22_pkey PRIMARY KEY (_input, _position);


--
-- Name: _tamis_receipts _tamis_receipts_pkey; Type: CONSTRAINT; Schema: batch; Owner: -
--

ALTER TABLE ONLY batch._tamis_receipts
    ADD CONSTRAINT _tamis_receipts_pkey PRIMARY KEY (run);


--
-- Name: _tamis_staged _tamis_staged_pkey; Type: CONSTRAINT; Schema: batch; Owner: -
--

ALTER TABLE ONLY batch._tamis_staged
    ADD CONSTRAINT _tamis_staged_pkey PRIMARY KEY (part);


--
-- Name: essai_csv__evaluation__927c2889ab62 essai_csv__evaluation__927c2889ab62_pkey; Type: CONSTRAINT; Schema: batch; Owner: -
--

ALTER TABLE ONLY batch.essai_csv__evaluation__927c2889ab62
    ADD CONSTRAINT essai_csv__evaluation__927c2889ab62_pkey PRIMARY KEY (_input, _position);


--
-- Name: essai_dsn__evaluation__a2a12e2b4878 essai_dsn__evaluation__a2a12e2b4878_pkey; Type: CONSTRAINT; Schema: batch; Owner: -
--

ALTER TABLE ONLY batch.essai_dsn__evaluation__a2a12e2b4878
    ADD CONSTRAINT essai_dsn__evaluation__a2a12e2b4878_pkey PRIMARY KEY (_input, _position);


--
-- Name: essai_parquet__evaluation__e2a0e3618a66 essai_parquet__evaluation__e2a0e3618a66_pkey; Type: CONSTRAINT; Schema: batch; Owner: -
--

ALTER TABLE ONLY batch.essai_parquet__evaluation__e2a0e3618a66
    ADD CONSTRAINT essai_parquet__evaluation__e2a0e3618a66_pkey PRIMARY KEY (_input, _position);


--
-- Name: _tamis_positions _tamis_positions_pkey; Type: CONSTRAINT; Schema: stream; Owner: -
--

ALTER TABLE ONLY stream._tamis_positions
    ADD CONSTRAINT _tamis_positions_pkey PRIMARY KEY (stream, source, partition);


--
-- Name: _tamis_quarantine__325b7af0249e _tamis_quarantine__325b7af0249e_pkey; Type: CONSTRAINT; Schema: stream; Owner: -
--

ALTER TABLE ONLY stream._tamis_quarantine__325b7af0249e
    ADD CONSTRAINT _tamis_quarantine__325b7af0249e_pkey PRIMARY KEY (_input, _position);


--
-- Name: _tamis_receipts _tamis_receipts_pkey; Type: CONSTRAINT; Schema: stream; Owner: -
--

ALTER TABLE ONLY stream._tamis_receipts
    ADD CONSTRAINT _tamis_receipts_pkey PRIMARY KEY (run);


--
-- Name: _tamis_staged _tamis_staged_pkey; Type: CONSTRAINT; Schema: stream; Owner: -
--

ALTER TABLE ONLY stream._tamis_staged
    ADD CONSTRAINT _tamis_staged_pkey PRIMARY KEY (part);


--
-- Name: essai_jsonl__evaluation__8c4739b0fa82 essai_jsonl__evaluation__8c4739b0fa82_pkey; Type: CONSTRAINT; Schema: stream; Owner: -
--

ALTER TABLE ONLY stream.essai_jsonl__evaluation__8c4739b0fa82
    ADD CONSTRAINT essai_jsonl__evaluation__8c4739b0fa82_pkey PRIMARY KEY (_input, _position);


--
-- PostgreSQL database dump complete
--


