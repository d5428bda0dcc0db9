package config

import (
	"net"

	"github.com/edgeauth/edgeauth/config/internal/format"
)

// api checks that the governance API cannot be reached by somebody who has proved nothing, nor be read on its way.
func (v validator) api() {
	const path = "admin.api"
	a := v.Admin.API
	v.roots(path+".client_ca_file", a.ClientCAFile)
	if a.CertFile != "" && a.KeyFile != "" {
		v.pair(path, Certificate{CertFile: a.CertFile, KeyFile: a.KeyFile})
	} else if a.CertFile+a.KeyFile != "" {
		v.report(path+".cert_file", "cert_file and key_file are needed together", "")
	}
	v.apiCertificates()
	v.apiBearer()
	if a.Listen == "" {
		if v.r.Given(path) && !v.r.Bad(path+".listen") {
			v.warn(path, "has no listen, so the API is off", "")
		}
		return
	}
	if a.Certificates.IsZero() && a.Bearer.IsZero() {
		v.report(path+".listen", "is set, but nobody could call the API", "give names in certificates, or an audience and roles in bearer")
	}
	if host, _, err := net.SplitHostPort(a.Listen); err == nil && !format.IsLoopback(host) && v.lacks(path+".cert_file", a.CertFile) {
		v.report(path+".listen", "is not loopback, so it needs cert_file and key_file", "or listen on 127.0.0.1")
	}
}

// lacks reports whether the file names no file at path; a mistake there is one by itself, and no reason for a second.
func (v validator) lacks(path, file string) bool { return file == "" && !v.r.Bad(path) }

func (v validator) apiCertificates() {
	const path = "admin.api"
	a := v.Admin.API
	switch named := !a.Certificates.IsZero(); {
	case named && (v.lacks(path+".client_ca_file", a.ClientCAFile) || v.lacks(path+".cert_file", a.CertFile)):
		v.report(path+".certificates", "need cert_file, key_file and client_ca_file: certificates are shown in TLS alone", "")
	case !named && a.ClientCAFile != "":
		v.report(path+".client_ca_file", "is set, but no certificate has a role", "give names in certificates")
	}
}

func (v validator) apiBearer() {
	const path = "admin.api.bearer"
	b := v.Admin.API.Bearer
	if b.IsZero() {
		if v.r.Given(path) && !v.r.Bad(path+".audience") {
			v.report(path+".audience", "is missing: tokens for anybody else would be taken", "set the name of this API at the provider")
		}
		return
	}
	v.reference(path+".provider", b.Provider, "provider", v.providerNames)
	p, ok := v.APIProvider()
	switch {
	case !ok && b.Provider == "":
		v.report(path+".provider", "is missing: which of the providers issues the tokens?", "")
	case ok && p.ClientID == b.Audience:
		v.report(path+".audience", "is the client_id of edgeauth: every ID token has it", "give the API a name of its own at the provider")
	}
	if len(b.Viewer)+len(b.Operator) == 0 {
		v.report(path+".operator", "no value of the claim has a role, so no token could do anything", "set viewer or operator")
	}
	if len(b.Claim) == 0 {
		v.report(path+".claim", "is empty: roles are read from it", "")
	}
}
