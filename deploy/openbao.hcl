# OpenBao for deploy/compose.yaml: one server, sealed until somebody unseals it, what it holds in a volume.
storage "raft" {
  path    = "/openbao/file"
  node_id = "openbao"
}

# Plain http, for compose.yaml lets nobody outside this machine reach it. A Vault that others use speaks https.
listener "tcp" {
  address         = "0.0.0.0:8200"
  cluster_address = "127.0.0.1:8201"
  tls_disable     = true
}

api_addr     = "http://127.0.0.1:8200"
cluster_addr = "http://127.0.0.1:8201"
