package config

// StoreType says what keeps shared state.
type StoreType string

// The kinds of store.
const (
	StoreEmbedded StoreType = "embedded"
	StoreRedis    StoreType = "redis"
)

// Store is where state lives that edges share.
type Store struct {
	Type  StoreType `yaml:"type" default:"embedded" enum:"embedded,redis" doc:"embedded: a file in data_dir, for one edge. redis: shared by many edges. Needs a restart."`
	Redis Redis     `yaml:"redis" doc:"Settings for type redis. Redis 7.0 or later, or Valkey. A change to any of them needs a restart, the password included."`
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
	TLS          bool     `yaml:"tls" default:"false" doc:"Whether to speak TLS."`
	CAFile       string   `yaml:"ca_file" format:"file" doc:"PEM file with the roots to trust, instead of the system's."`
	ServerName   string   `yaml:"server_name" derived:"the host of the address" doc:"Name expected in the server's certificate."`
}
