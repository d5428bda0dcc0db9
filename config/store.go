package config

import "time"

// StoreType says what keeps shared state.
type StoreType string

// The kinds of store.
const (
	StoreEmbedded StoreType = "embedded"
	StoreRedis    StoreType = "redis"
)

// Store is where state lives that edges share.
type Store struct {
	Type          StoreType     `yaml:"type" default:"embedded" enum:"embedded,redis" doc:"embedded: a file in data_dir, for one edge. redis: shared by many edges. Needs a restart."`
	OutboxLimit   int           `yaml:"outbox_limit" default:"100000" min:"1000" max:"1000000" doc:"How many revocations may wait in this edge for Redis to come back, in memory and in data_dir. The oldest are kept; whoever makes one more is told that it is in memory only. Needs a restart."`
	SnapshotEvery time.Duration `yaml:"snapshot_every" default:"1m" min:"1s" max:"1h" doc:"How often the copy of the revocation log is saved in data_dir, sealed, for a start while Redis is away. A large one is saved less often, so that it takes no more than a twentieth of the time. Needs a restart."`

	Redis Redis `yaml:"redis" doc:"Settings for type redis. Redis 7.0 or later, or Valkey. A change to any of them needs a restart, the password included."`
}

// Redis is a single server, a group under Sentinel (MasterName set) or a cluster (Cluster true).
type Redis struct {
	Addresses    []string `yaml:"addresses" default:"[]" format:"hostport" doc:"host:port of the server, of the Sentinels, or of some nodes of the cluster."`
	MasterName   string   `yaml:"master_name" doc:"Name of the master, where addresses are Sentinels."`
	Cluster      bool     `yaml:"cluster" default:"false" doc:"Whether addresses are nodes of a Redis Cluster."`
	Username     string   `yaml:"username" doc:"User name (ACL)."`
	Password     Secret   `yaml:"password" doc:"Password; better ${NAME} or ${file:/path} than the password itself. Either this or password_file."`
	PasswordFile string   `yaml:"password_file" format:"path" doc:"File that holds the password. Newlines at its end do not count."`
	DB           int      `yaml:"db" default:"0" min:"0" max:"15" doc:"Database number. A cluster has only 0."`

	SentinelUsername     string `yaml:"sentinel_username" doc:"User name at the Sentinels, where they have users of their own."`
	SentinelPassword     Secret `yaml:"sentinel_password" doc:"Password at the Sentinels. Either this or sentinel_password_file. Without either the Sentinels are asked without a password."`
	SentinelPasswordFile string `yaml:"sentinel_password_file" format:"path" doc:"File that holds the password at the Sentinels. Newlines at its end do not count."`

	TLS        bool   `yaml:"tls" default:"false" doc:"Whether to speak TLS."`
	CAFile     string `yaml:"ca_file" format:"file" doc:"PEM file with the roots to trust, instead of the system's."`
	ServerName string `yaml:"server_name" derived:"the host of the address" doc:"Name expected in the server's certificate."`
	CertFile   string `yaml:"cert_file" format:"file" doc:"PEM file with the certificate that edgeauth shows to Redis, leaf first, where Redis asks for one. It is read anew for each connection."`
	KeyFile    string `yaml:"key_file" format:"file" doc:"PEM file with the private key of cert_file."`

	ConnectTimeout time.Duration `yaml:"connect_timeout" default:"1s" min:"50ms" max:"30s" doc:"How long a connection may take, with TLS. Calls do not wait for it longer than for an answer."`
	CommandTimeout time.Duration `yaml:"command_timeout" default:"250ms" min:"20ms" max:"5s" doc:"How long the answer to a command may take. A call takes at most twice as long, with all it waits for."`
	Connections    int           `yaml:"connections" default:"32" min:"1" max:"1000" doc:"How many connections an edge may hold to each node, beside 16 that follow the log."`
	Acknowledge    int           `yaml:"acknowledge" default:"0" min:"0" max:"16" doc:"How many replicas must have a revocation before it counts as delivered. With fewer it is in force on its edge, stands in the master, and is written again until they have it. 0: the master's word is enough."`
}
