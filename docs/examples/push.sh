#!/bin/sh
# Push one JSON body of readings and print the verdict:
#   SUNLEDGER_URL=https://ledger.example/api/ingest SUNLEDGER_KEY=sl_... push.sh readings.json
# A repeat of the same file gets the first answer. Exit status 0: stored; 1: refused; 2: not delivered.
set -eu

: "${SUNLEDGER_URL:?}" "${SUNLEDGER_KEY:?}" "${1:?usage: push.sh readings.json}"
idempotency_key=$(sha256sum < "$1" | cut -d ' ' -f 1)

# the key comes by standard input, so that no list of processes shows it
status=$(
    printf 'header = "Authorization: Bearer %s"\n' "$SUNLEDGER_KEY" |
        curl --config - --silent --show-error --max-time 120 \
            --retry 6 --retry-connrefused --retry-max-time 300 \
            --header 'Content-Type: application/json' --header "Idempotency-Key: $idempotency_key" \
            --data-binary "@$1" --output /dev/stderr --write-out '%{http_code}' \
            "$SUNLEDGER_URL/meter-data"
) || exit 2
echo >&2

case $status in
    2*) echo "stored: $status" ;;
    409) echo "known already: $status" ;;
    *) echo "refused: $status"; exit 1 ;;
esac
