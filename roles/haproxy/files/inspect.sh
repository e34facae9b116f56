#!/bin/sh
# Prints what the role has to know of a host, one fact a line, and changes nothing:
#   installed       HAProxy is there, with what its unit reloads it with
#   config WHOSE    of /etc/haproxy/haproxy.cfg: absent, ours, package (as the package brought it) or foreign
set -eu
config=/etc/haproxy/haproxy.cfg

if [ -x /usr/sbin/haproxy ] && [ -x /bin/kill ]; then echo installed; fi
if [ ! -e "$config" ]; then
  echo config absent
elif head -n 1 "$config" | grep -q 'Written by the Ansible role aegis\.temporal\.haproxy'; then
  echo config ours
# dpkg knows the digest of each configuration file that it brought: " PATH MD5".
elif dpkg-query --show --showformat='${Conffiles}\n' haproxy 2>/dev/null |
  grep -qF " $config $(md5sum "$config" | cut -d ' ' -f 1)"; then
  echo config package
else
  echo config foreign
fi
