#!/bin/sh
# Push one JSON body of readings and print the verdict, which is JSON, on standard output:
#   SUNLEDGER_URL=https://ledger.example/api/ingest SUNLEDGER_KEY=sl_... push.sh readings.json
# A repeat of the same file gets the first answer. Exit status 0: stored; 1: refused; 2: not delivered.
set -eu

: "${SUNLEDGER_URL:?}" "${SUNLEDGER_KEY:?}" "${1:?usage: push.sh readings.json}"
idempotency_key=$(sha256sum < "$1" | cut -d ' ' -f 1)

# the key comes by standard input, so that no list of processes shows it
answer=$(
    printf 'header = "Authorization: Bearer %s"\n' "$SUNLEDGER_KEY" |
        curl --config - --silent --show-error --max-time 120 \
            --retry 6 --retry-connrefused --retry-max-time 300 \
            --header 'Content-Type: application/json' --header "Idempotency-Key: $idempotency_key" \
            --data-binary "@$1" --write-out '\n%{http_code}' \
            "$SUNLEDGER_URL/meter-data"
) || exit 2
status=$(printf '%s\n' "$answer" | tail -n 1)
printf '%s\n' "$answer" | sed '$d'

case $status in
    2*) echo "stored: $status" >&2 ;;
    409) echo "known already: $status" >&2 ;;
    *) echo "refused: $status" >&2; exit 1 ;;
esac
