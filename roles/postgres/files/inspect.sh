#!/bin/sh
# Prints what the role has to know of a host, one fact a line, and changes nothing.
# Argument: the port that the server shall listen on. Read by the filter aegis.temporal.postgres_inspection.
set -eu
port=$1

echo "codename $(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)"
awk '/^MemTotal:/ {print "memory_kb", $2}' /proc/meminfo
echo "address $(hostname -I)"

# dpkg-query ends with 1 when one of the patterns has no match, which is normal here.
{
  dpkg-query --show --showformat='package ${Package} ${db:Status-Status}\n' \
    'postgresql-[0-9]*' postgresql-common python3-apt python3-psycopg2 acl needrestart unattended-upgrades \
    2>/dev/null || true
} | awk '$3 == "installed" {print $1, $2}'

# A container has the numbers of the host's user, not those that the image knows.
awk -F: '$1 == "postgres" {print "account", $3, $4}' /etc/passwd
awk -F: '$1 == "ssl-cert" {print "tls_group", $3}' /etc/group

# Which provider a cluster was last given to.
for file in /etc/systemd/system/postgresql@*.service; do
  { [ -f "$file" ] && grep -q '^ExecStart=/usr/bin/docker run ' "$file"; } || continue
  unit=${file##*/}
  echo "container_unit $unit"
  # A run that was killed before systemd heard of this file: it would go on with Debian's, and say nothing.
  [ "$(systemctl show --property=FragmentPath --value "$unit")" = "$file" ] || echo "stale_unit $unit"
done
for file in /etc/systemd/system/postgresql@*.service.d/50-aegis-temporal.conf; do
  [ -f "$file" ] || continue
  file=${file%.d/*}
  echo "drop_in ${file##*/}"
done

# The configuration directory makes a cluster: it outlives the packages. Line 1 of postmaster.pid is the process and
# line 4 the port that it really has, which a changed configuration file does not tell.
for file in /etc/postgresql/*/*/postgresql.conf; do
  [ -e "$file" ] || continue
  directory=${file%/postgresql.conf}
  name=${directory##*/}
  version=${directory%/*}
  version=${version##*/}
  data=$(sed -n "s/^[[:space:]]*data_directory[[:space:]]*=[[:space:]]*'\([^']*\)'.*/\1/p" "$file" | tail -n 1)
  data=${data:-/var/lib/postgresql/$version/$name}
  pid=0
  running_port=0
  if [ -r "$data/postmaster.pid" ]; then
    pid=$(sed -n 1p "$data/postmaster.pid")
    running_port=$(sed -n 4p "$data/postmaster.pid")
    # After a crash the file is still there, and the number may meanwhile be another program's.
    case $(cat "/proc/$pid/comm" 2>/dev/null) in
      postgres*) ;;
      *) pid=0 running_port=0 ;;
    esac
  fi
  echo "cluster $version $name $data $pid $running_port"
done

if command -v ss >/dev/null; then
  ss -Hltnp "sport = :$port" | awk '{print "listener", $4, $6}'
fi

directory=/var/lib/postgresql
[ -d "$directory" ] || directory=/var/lib
df -Pk "$directory" | awk 'NR == 2 {print "free_kb", $4}'

systemctl show 'postgresql@*.service' --property=Id,NeedDaemonReload |
  awk -F= '$1 == "Id" {id = $2} $1 == "NeedDaemonReload" && $2 == "yes" {stale = 1}
           NF == 0 {if (stale) print "stale_unit", id; stale = 0; id = ""}
           END {if (stale) print "stale_unit", id}'
