-- Which databases there are, and which of them everybody may connect to. Read-only, needs no special right.
SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'superuser', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
  -- Roles for which the connected one may act; from 16 on that is a right of its own.
  'settable', ARRAY(
    SELECT rolname FROM pg_roles
    WHERE pg_has_role(
      oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END
    )
    ORDER BY rolname
  ),
  'databases', ARRAY(SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY datname),
  'public', ARRAY(
    SELECT datname
    FROM pg_database AS d
    WHERE EXISTS (
      SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) WHERE grantee = 0
    )
    ORDER BY datname
  )
) AS objects
