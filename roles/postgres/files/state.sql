-- What the running server differs in from the files on disk. Read-only.
-- configuration, access, unit: paths of our files; started: where the unit noted the digest that it was started with.
WITH ours AS (
  SELECT name, max(seqno) AS seqno FROM pg_file_settings WHERE sourcefile = %(configuration)s GROUP BY name
), later AS (
  -- Of two lines for one setting the last one counts.
  SELECT f.name, f.sourcefile, f.sourceline
  FROM pg_file_settings AS f
  JOIN ours AS o ON o.name = f.name AND f.seqno > o.seqno
)
SELECT json_build_object(
  -- Times of files are cut to the second: within the second after a change we cannot tell and reload once more.
  'reload', pg_conf_load_time() < (
    SELECT max((pg_stat_file(path)).modification) + interval '1 second'
    FROM unnest(ARRAY[%(configuration)s, %(access)s]) AS path
  ),
  'restart', ARRAY(SELECT name FROM pg_settings WHERE pending_restart ORDER BY name),
  'unit', encode(sha256(pg_read_binary_file(%(unit)s)), 'hex')
    IS DISTINCT FROM left(pg_read_file(%(started)s, 0, 64, true), 64),
  'altered', ARRAY(SELECT DISTINCT name FROM later WHERE sourcefile LIKE '%%/postgresql.auto.conf' ORDER BY name),
  'overridden', ARRAY(
    SELECT name || ' by ' || sourcefile || ' line ' || sourceline
    FROM later WHERE sourcefile NOT LIKE '%%/postgresql.auto.conf' ORDER BY 1
  ),
  'errors', ARRAY(
    SELECT format('%%s line %%s: %%s', f.sourcefile, f.sourceline, f.error)
    FROM pg_file_settings AS f
    LEFT JOIN pg_settings AS s ON s.name = f.name
    -- A setting that waits for a restart is listed as an error too, but is none.
    WHERE f.error IS NOT NULL AND s.context IS DISTINCT FROM 'postmaster'
    UNION ALL
    SELECT format('%%s line %%s: %%s', %(access)s, line_number, error)
    FROM pg_hba_file_rules WHERE error IS NOT NULL
  )
) AS state
