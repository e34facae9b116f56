-- What a login sees of its database on a managed server. Read-only, needs no special right.
SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'max_connections', current_setting('max_connections')::int,
  'reserved_connections', current_setting('superuser_reserved_connections')::int
    + coalesce(current_setting('reserved_connections', true)::int, 0),
  'encoding', (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()),
  'can_create', has_database_privilege(current_database(), 'CREATE'),
  'installed', ARRAY(SELECT extname FROM pg_extension ORDER BY extname),
  -- Name to whether somebody who is not a superuser may create it.
  'available', (
    SELECT coalesce(json_object_agg(v.name, v.trusted), '{}')
    FROM pg_available_extensions AS e
    JOIN pg_available_extension_versions AS v ON v.name = e.name AND v.version = e.default_version
  )
) AS answer
