#!/bin/sh
# Sets the schemas of both stores up, or brings them up to date: the server's own tool does, and what is done stays.
# Arguments: host, port, plugin, then for each store: database, user, schema. The password of a store is in the file
# /run/secrets/schema-<database's place, 1 or 2>, as assignments for the shell.
set -eu
host=$1 port=$2 plugin=$3
shift 3
store=1
while [ $# -gt 0 ]; do
  # In a subshell, so that a password is in the environment of its own tool alone.
  (
    set -a
    . "/run/secrets/schema-$store"
    set +a
    connect="--endpoint $host --port $port --plugin $plugin --database $1 --user $2"
    # shellcheck disable=SC2086  # several options
    temporal-sql-tool $connect setup-schema -v 0.0
    # shellcheck disable=SC2086
    temporal-sql-tool $connect update-schema --schema-name "$3"
  )
  store=$((store + 1))
  shift 3
done
