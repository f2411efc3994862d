# The agent of Vault or OpenBao keeps a header in a file, for any program of this machine that runs as the same user:
#
#   bao agent -config=agent.hcl        (or: vault agent -config=agent.hcl; the address comes from BAO_ADDR or VAULT_ADDR)
#   curl -H @/run/zoho-reader/header "$(cat /run/zoho-reader/api_domain)/crm/v8/org"
#
# Poll period: 5 minutes (static_secret_render_interval). Least life: 24 minutes, for a token in Vault always has 29 left
# at the default settings of zoho-tokend. Read the file again for every request: a header that is kept grows old.
# Of a token that has expired the file has a comment that says so, and curl sends no comment: Zoho answers with a 401.
#
# The role's policy: zoho-tokend policy reader --connection crm-prod | vault policy write crm-reader -

auto_auth {
  method "approle" {
    config = {
      role_id_file_path                   = "/etc/zoho-reader/role-id"
      secret_id_file_path                 = "/etc/zoho-reader/secret-id"
      remove_secret_id_file_after_reading = false # or it could not log in again after a restart
    }
  }
}

template_config {
  static_secret_render_interval = "5m"
}

template {
  source      = "/etc/zoho-reader/header.ctmpl"
  destination = "/run/zoho-reader/header"
  perms       = "0600"
}

template {
  contents    = "{{ with secret \"secret/data/zoho/tokens/crm-prod\" }}{{ .Data.data.api_domain }}{{ end }}"
  destination = "/run/zoho-reader/api_domain"
  perms       = "0600"
}
