package main

import (
	"fmt"
	"strings"

	"github.com/edgeauth/edgeauth/identity"
)

// sessionNamed refuses what is no session's name, in words that say where names are found.
func sessionNamed(name string) error {
	if _, err := identity.ParseFamily(name); err != nil {
		return fmt.Errorf("session %.40q: no session has such a name: want 22 characters, as `edgeauth sessions list`, audit events and /.edgeauth/me show them", name)
	}
	return nil
}

// cure adds what can be done about connections that came to nothing, which gRPC tells as texts.
func (f *apiFlags) cure(err error) error {
	if err == nil {
		return nil
	}
	switch text := err.Error(); {
	case f.caFile == "" && strings.Contains(text, "x509: certificate signed by unknown authority"):
		return fmt.Errorf("%w; --ca-file takes the authority that signed the API's certificate", err)
	case strings.HasPrefix(f.server, "http:") && strings.Contains(text, "error reading server preface"):
		return fmt.Errorf("%w; an API with admin.api.cert_file speaks TLS: --server https://…", err)
	case f.server != "" && strings.Contains(text, "first record does not look like a TLS handshake"):
		return fmt.Errorf("%w; an API without admin.api.cert_file speaks plain text: --server http://…", err)
	}
	return err
}
