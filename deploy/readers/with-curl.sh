#!/bin/sh
# One GET of Zoho's CRM with the token that stands in Vault: VAULT_ADDR=… VAULT_TOKEN=… with-curl.sh crm-prod /crm/v8/org
#
# Poll period: none, it reads at each call, which is given up after a minute. Least life: 28 minutes, for a token in Vault
# always has 29 left at the default settings of zoho-tokend. One with less than a minute is read again for half a minute,
# in which the daemon may replace it. Headers reach curl by its standard input, where no process list shows them.
# It needs curl and jq.
set -eu
get() { printf 'header = "%s"\n' "$1" | curl --config - --silent --show-error --fail-with-body --max-time 60 "$2"; }
field() { printf '%s' "$record" | jq -er ".data.data.$1"; }
for pause in 0 5 10 15; do
    sleep "$pause"
    record=$(get "X-Vault-Token: $VAULT_TOKEN" "$VAULT_ADDR/v1/secret/data/zoho/tokens/$1") || {
        echo "with-curl.sh: Vault gave no token of $1: ${record:-no answer}" >&2; exit 1
    }
    left=$(($(field expires_at_epoch) - $(date +%s)))
    if [ "$left" -ge 60 ]; then get "Authorization: $(field authorization)" "$(field api_domain)$2"; exit; fi
done
if [ "$left" -gt 0 ]; then state="has $left s to live"; else state="expired $((-left)) s ago"; fi
echo "with-curl.sh: the token of $1 $state and was not sent: see 'zoho-tokend connections show $1'" >&2; exit 1
