#!/bin/sh
# Makes the passwords of docker-compose.yml, in the folder secrets/ or in the one that is given. What is there stays as it is.
set -eu
umask 077
folder=${1:-secrets}
mkdir -p "$folder"
cd "$folder"

# 48 random bytes in hexadecimal.
random() { od -An -N48 -v -tx1 /dev/urandom | tr -d ' \n'; }

# Keeps what it is given on stdin, in a file that the containers' users can read. The folder is closed to all others.
keep() {
  if [ -e "$1" ]; then
    echo "$1 is there, and stays." >&2
    cat >/dev/null
  else
    cat >"$1.new"
    chmod 444 "$1.new"
    mv "$1.new" "$1"
    echo "$1 is made." >&2
  fi
}

random | keep mongo_root_password
random | keep mongo_parley_password
random | keep mongo_keyfile
printf 'requirepass %s\n' "$(random)" | keep redis_conf

# These hold a password of the files above.
printf 'mongodb://parley:%s@mongo:27017/parley?authSource=admin&replicaSet=parley\n' "$(cat mongo_parley_password)" |
  keep parley_documents
printf 'redis://:%s@redis:6379\n' "$(sed -n 's/^requirepass //p' redis_conf)" | keep parley_bus
