package config

// DryRun is a policy that is evaluated beside the one in force.
type DryRun struct {
	File string `yaml:"file" format:"path" doc:"Another configuration file, whose routes, levels and risk rules decide each request and login beside those of this file. Nothing comes of that but edgeauth_dry_run_total and the audit event dry_run_difference where they differ. It is read again when it changes; a broken one is reported and left out. Empty: none."`
}
