-- The form of the ledger's schema, a line for each table, column, constraint, index, trigger, rule and heir in it:
-- (table, what). Not what belongs to an extension, nor what the migrations keep for themselves.
WITH held AS (
    SELECT c.oid, c.relname::text AS name, c.relkind, c.relrowsecurity
    FROM pg_class c
    WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('_sqlx_migrations'))
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND c.relname NOT IN ('_sqlx_migrations', 'migration_lock')
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT name AS "table", 'relation of kind ' || relkind::text || CASE WHEN relrowsecurity THEN ' with hidden rows' ELSE '' END AS what
FROM held
UNION ALL
SELECT name, 'column ' || attname || ' ' || format_type(atttypid, atttypmod)
    || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
    || coalesce((SELECT ' COLLATE ' || collname FROM pg_collation l WHERE l.oid = attcollation), '')
    || coalesce((SELECT ' DEFAULT ' || pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum), '')
FROM held JOIN pg_attribute ON attrelid = held.oid AND attnum > 0 AND NOT attisdropped
UNION ALL
-- That a column is not null is told of the column.
SELECT name, 'constraint ' || pg_get_constraintdef(c.oid, true) || CASE WHEN convalidated THEN '' ELSE ' (not validated)' END
FROM held JOIN pg_constraint c ON conrelid = held.oid AND contype <> 'n'
UNION ALL
SELECT name, pg_get_indexdef(indexrelid, 0, true) || CASE WHEN indisvalid AND indisready THEN '' ELSE ' (not in use)' END
FROM held JOIN pg_index ON indrelid = held.oid
UNION ALL
-- Triggers of foreign keys are told of their constraint, unless someone turned them off.
SELECT name, CASE WHEN tgisinternal THEN 'a constraint that is turned off' ELSE pg_get_triggerdef(t.oid, true) END
FROM held JOIN pg_trigger t ON tgrelid = held.oid AND (NOT tgisinternal OR tgenabled <> 'O')
UNION ALL
SELECT name, 'rule ' || rulename FROM held JOIN pg_rewrite ON ev_class = held.oid
UNION ALL
SELECT name, 'rows of its heir ' || inhrelid::regclass::text FROM held JOIN pg_inherits ON inhparent = held.oid
ORDER BY 1, 2
