#!/usr/bin/env bash
# What a cron job does for one connection: read the credential, ask the token endpoint, write the token.
# $1 is the path of the credential, $2 that of the token record; BAO is the client's command.
set -euo pipefail
credential="$("$BAO" kv get -format=json "$1")"
answer="$(jq -r '.data.data | "grant_type=refresh_token&client_id=\(.client_id)&client_secret=\(.client_secret)&refresh_token=\(.refresh_token)"' <<<"$credential" |
    curl --silent --fail --data @- "$(jq -r .data.data.accounts_server <<<"$credential")/oauth/v2/token")"
jq '{access_token, api_domain}' <<<"$answer" | "$BAO" kv put "$2" - >/dev/null
